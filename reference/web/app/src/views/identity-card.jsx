// Who one is, in the forms that others need: the id to compare, the key for the owner, and a code to scan.

import { groupedId } from '../format.js';
import { openSshLine } from '../openssh.js';
import { CopyButton, QrCode } from './parts.jsx';

/** One's own id and public key. */
export function IdentityCard({ client }) {
  const { account, publicKey, pem } = client.identity;
  const line = openSshLine(publicKey, account);
  return (
    <div class="identity-card">
      <QrCode text={account} label={`Your id as a QR code: ${account}`} />
      <div class="identity-text">
        <h2>Your id</h2>
        <p class="id">{groupedId(account)}</p>
        <div class="buttons">
          <CopyButton text={line} label="Copy my key" class="button primary" />
          <CopyButton text={account} label="Copy my id" />
        </div>
        <details>
          <summary>The key itself</summary>
          <p class="hint">One line for the allowlist; the owner can also give it to <code>dispatchd allow</code>.</p>
          <textarea class="key" readOnly rows={5} aria-label="Your public key, one line" value={line} />
          <CopyButton text={pem} label="Copy it as PEM" />
        </details>
      </div>
    </div>
  );
}
