// Small pieces that several views share.

import encodeQR from 'qr';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { copy } from '../files.js';
import { hueOf, initials } from '../format.js';
import { sentence } from '../words.js';

const PATHS = {
  back: 'M15 5l-7 7 7 7',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c0-3 2.9-5 6.5-5s6.5 2 6.5 5M16 4.4a3.5 3.5 0 0 1 0 6.2M18 14.9c2.1.7 3.5 2.4 3.5 4.6',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1z',
  pen: 'M4 20l1-4.5L15.5 5a2 2 0 0 1 3 0l.5.5a2 2 0 0 1 0 3L8.5 19z',
  send: 'M5 12h13M12 5.5l6.5 6.5-6.5 6.5',
  close: 'M6 6l12 12M18 6L6 18',
  dots: 'M6 12h.01M12 12h.01M18 12h.01',
  down: 'M12 5v14M6 13l6 6 6-6',
  alert: 'M12 8.5v4.5M12 16.5h.01M10.3 4.2L2.9 17.3A2 2 0 0 0 4.6 20.3h14.8a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0z',
  clock: 'M12 7.5V12l3 2M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  checks: 'M2.5 12.5L7 17l9.5-9.5M12.5 15.5l1.5 1.5L21.5 7.5',
  reply: 'M9 7l-5 5 5 5M4.5 12H14a6 6 0 0 1 6 6v.5',
  key: 'M8 19a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM11.5 11.5L20 3.5M17 6.5l2.5 2.5',
  partly: 'M9.4 3.9A8.5 8.5 0 0 1 14.6 3.9M17.7 5.7A8.5 8.5 0 0 1 20.3 10.2M20.3 13.8A8.5 8.5 0 0 1 17.7 18.3M14.6 20.1A8.5 8.5 0 0 1 9.4 20.1M6.3 18.3A8.5 8.5 0 0 1 3.7 13.8M3.7 10.2A8.5 8.5 0 0 1 6.3 5.7',
  none: 'M5 5l14 14M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z',
};

/** A drawing that says nothing by itself: what it stands for is told beside it. */
export function Icon({ name, size = 20 }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A button with a drawing alone; `label` is what it is called. */
export function IconButton({ icon, label, class: extra = '', ...rest }) {
  return (
    <button type="button" class={`icon-button ${extra}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

/** An account's mark: its hue comes from its id, its letters from the name that the member gave it. */
export function Avatar({ account, name, size = 'm' }) {
  return (
    <span class={`avatar ${size}`} style={{ '--hue': String(hueOf(account)) }} aria-hidden="true">
      {name ? initials(name) : account.slice(0, 2)}
    </span>
  );
}

/** A dialog over the rest. The browser keeps the keyboard inside and closes it with Escape. */
export function Dialog({ title, onClose, children, wide = false }) {
  const dialog = useRef(null);
  const heading = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus({ preventScroll: true });
  }, []);
  const outside = (event) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog ref={dialog} class={wide ? 'wide' : ''} aria-labelledby={heading} onClose={onClose} onCancel={(event) => { event.preventDefault(); onClose(); }} onPointerDown={outside}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Copies a text, and says that it did. */
export function CopyButton({ text, label, class: extra = 'button' }) {
  const [told, tell] = useState('');
  useEffect(() => {
    if (!told) return undefined;
    const timer = setTimeout(() => tell(''), 3000);
    return () => clearTimeout(timer);
  }, [told]);
  const run = async () => tell((await copy(text)) ? 'Copied' : 'Select it and copy it by hand');
  return (
    <span class="copy">
      <button type="button" class={extra} onClick={run}>{label}</button>
      <span class="told" role="status">{told}</span>
    </span>
  );
}

/** What went wrong, beside what it was about. */
export function Problem({ of: problem }) {
  return <div role="alert">{problem && <p class="problem"><Icon name="alert" />{sentence(problem)}</p>}</div>;
}

/** A QR code as one path. `label` says what it holds. */
export function QrCode({ text, label }) {
  const { size, path } = useMemo(() => {
    const cells = encodeQR(text, 'raw', { border: 2 });
    const dark = cells.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : '')));
    return { size: cells.length, path: dark.join('') };
  }, [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

/** A field with its label, and a hint under it. */
export function Field({ label, hint = null, children: make }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {make({ id, 'aria-describedby': hint ? `${id}-hint` : undefined })}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}
