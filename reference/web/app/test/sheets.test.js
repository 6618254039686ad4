// What lies over the page follows what happens under it: people who go, words that go out, a history that does not verify.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.js';
import { gather } from './gathering.js';

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

const dialog = (person) => person.page.getByRole('dialog');

test('somebody who was removed while they were chosen is chosen no longer', async (context) => {
  const { community, people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob', 'Cem']);
  await ann.page.getByRole('button', { name: 'New private conversation' }).click();
  await dialog(ann).getByRole('checkbox', { name: bob.short() }).check();
  await community.deny(bob.account);
  await dialog(ann).getByRole('checkbox', { name: bob.short() }).waitFor({ state: 'detached' });
  assert.ok(await dialog(ann).getByRole('button', { name: 'Begin' }).isDisabled());
  // And oneself.
  await community.deny(ann.account);
  await dialog(ann).getByText('You are no longer a member').waitFor();
  await ann.looksRight('new-conversation-removed');
  ann.clean();
});

test('the sheet of a message shows how far it has come by now, and no removal by one who was removed', async (context) => {
  const { community, people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob'], { lines: { checkpoint_ms: 5000 } });
  await ann.write('Which mark?');
  await ann.said('Which mark?').locator('.sign.accepted, .sign.checkpointed').waitFor();
  // As a rule the server has not signed yet.
  await ann.act('Which mark?');
  await dialog(ann).getByText('Checkpointed').waitFor();
  await dialog(ann).getByRole('button', { name: 'Remove for everyone…' }).click();
  await dialog(ann).getByRole('heading', { name: 'Remove this message' }).waitFor();
  await community.deny(ann.account);
  await dialog(ann).getByRole('heading', { name: 'Your message' }).waitFor();
  assert.equal(await dialog(ann).getByRole('button', { name: 'Remove for everyone…' }).count(), 0);
  assert.equal(await dialog(ann).getByRole('button', { name: 'Reply' }).count(), 0);
  ann.clean();
  bob.clean();
});

test('a sheet gives way to the warning that the history does not verify', async (context) => {
  const { community, people: [ann] } = await gather(context, browser, ['Ann', 'Bob']);
  ann.expected.push(/ERR_CONNECTION_REFUSED/u, /WebSocket connection to .* failed/u, /ERR_CONNECTION_RESET/u);
  await community.stop();
  await community.copyStore('old');
  await community.serve();
  await ann.write('This will be forgotten.');
  await ann.said('This will be forgotten.').locator('.sign.checkpointed').waitFor();
  await ann.act('This will be forgotten.');
  await dialog(ann).getByText('On the chain').waitFor();
  await community.stop();
  await community.putStore('old');
  await community.serve();
  await ann.page.getByRole('alert', { name: 'Warning' }).waitFor();
  await dialog(ann).waitFor({ state: 'detached' });
  ann.clean();
});
