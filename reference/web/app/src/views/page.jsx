// A page that says one thing and asks for one step: before there is a conversation to show.

import { useHeading } from '../use.js';
import { Icon } from './parts.jsx';

/** A heading and what stands under it, in the middle. */
export function Page({ title, icon = null, children }) {
  const heading = useHeading(title);
  return (
    <main class="page">
      <div class="page-body">
        {icon ? <span class="page-icon bad"><Icon name={icon} size={28} /></span> : <Mark />}
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** The app's own mark. */
export function Mark() {
  return (
    <svg class="mark" width="48" height="48" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <rect width="64" height="64" rx="15" />
      <path d="M17 21a6 6 0 0 1 6-6h18a6 6 0 0 1 6 6v14a6 6 0 0 1-6 6H31l-9 8v-8a5 5 0 0 1-5-5zM25 28l5 5 9-9" />
    </svg>
  );
}
