// A server that lies is caught, in the page, with a plain warning; and what convicts it can be saved.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifyEvidence } from '../../src/core.js';
import { Person, launch } from './browser.js';
import { backupOf, control, pageAt } from './control.js';
import { gather } from './gathering.js';

let browser;

before(async () => {
  // The page of the control server comes from the test, and Chromium then takes its server for a stranger on this machine.
  browser = await launch('--disable-features=LocalNetworkAccessChecks');
});

after(async () => {
  await browser?.close();
});

const GONE = [/ERR_CONNECTION_REFUSED/u, /WebSocket connection to .* failed/u, /ERR_CONNECTION_RESET/u];
const warning = (person) => person.page.getByRole('alert', { name: 'Warning' });

/** A member of the control server's community, at its door. */
async function visitor(context, faults = [], more = {}) {
  const server = await control(context, ...faults);
  const ann = await Person.arrive(browser, server.origin, { serviceWorkers: 'block', ...more });
  context.after(() => ann.leave());
  ann.expected.push(/Service Worker registration blocked/u);
  await pageAt(ann.context, server.origin);
  await ann.page.goto(server.invitation);
  await ann.restore(await backupOf('m01'));
  await ann.say('Join');
  return ann;
}

/** What a page asks a community's server for, from now on. */
function dialsOf(person) {
  const dials = [];
  person.page.on('request', (request) => request.url().includes('/.well-known/') && dials.push(request.url()));
  person.page.on('websocket', (socket) => dials.push(socket.url()));
  return dials;
}

test('the control server, without a fault, raises no warning', async (context) => {
  const ann = await visitor(context);
  await ann.write('All is well.');
  await ann.said('All is well.').locator('.sign.checkpointed').waitFor();
  assert.equal(await warning(ann).count(), 0);
  ann.clean();
});

for (const [fault, what, told, code] of [
  ['CHAIN-6', 'a block that was changed under its author’s signature', 'not signed or linked as it must be', 'bad_signature'],
  ['CHECK-1', 'a checkpoint that is signed by somebody else', 'could not prove that it is the one', 'bad_checkpoint'],
  ['TREE-1', 'a checkpoint that contradicts the blocks', 'two different histories', 'fork'],
]) {
  test(`${what} stops all, and is told (${fault})`, async (context) => {
    const ann = await visitor(context, [fault]);
    await ann.write('Hello?');
    await warning(ann).getByText(told).waitFor();
    await ann.page.getByRole('button', { name: 'What was found' }).click();
    await ann.page.getByRole('region', { name: 'What did not verify' }).getByText(`(${code})`).waitFor();
    // It is remembered over a reload, and the server is not dialled again before the person says so.
    const dials = dialsOf(ann);
    await ann.page.reload();
    await warning(ann).getByText(told).waitFor();
    await ann.page.getByRole('region', { name: 'What did not verify' }).getByText(`(${code})`).waitFor();
    assert.deepEqual(dials, []);
    const dialled = ann.page.waitForEvent('websocket');
    await warning(ann).getByRole('button', { name: 'Try again' }).click();
    await dialled;
    await warning(ann).getByText(told).waitFor();
    ann.clean();
  });
}

test('a welcome that is signed by somebody else opens no door (JOIN-16)', async (context) => {
  const ann = await visitor(context, ['JOIN-16']);
  await ann.page.getByRole('heading', { name: 'This does not verify' }).waitFor();
  await ann.page.getByText('(bad_welcome)').waitFor();
  assert.equal(await ann.page.getByLabel('Message to everyone').count(), 0);
  ann.clean();
});

test('a block that is not linked to the one before stops all, and is told (CHAIN-2)', async (context) => {
  const ann = await visitor(context, ['CHAIN-2']);
  await warning(ann).waitFor();
  await ann.page.getByRole('button', { name: 'What was found' }).click();
  await ann.page.getByRole('region', { name: 'What did not verify' }).getByText('(bad_prev)').waitFor();
  ann.clean();
});

test('on a phone the warning stands above the conversations, too', async (context) => {
  const ann = await visitor(context, ['CHAIN-2'], { size: 'phone' });
  await ann.page.getByRole('heading', { name: 'The server’s history does not verify' }).waitFor();
  await ann.page.getByRole('button', { name: /^Everyone/u }).waitFor();
  assert.equal(await warning(ann).count(), 1);
  await ann.looksRight('warning-list');
  ann.clean();
});

test('an invitation of another community is refused, and nothing is signed for it', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  const ann = await arrive();
  const other = `${community.origin}/#dispatch-d/1/${'A'.repeat(43)}`;
  const sent = [];
  ann.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload)));
  await ann.makeKey(other, 'This is another community');
  await ann.page.getByText('does not hold the community of your invitation').waitFor();
  assert.deepEqual(sent.filter((frame) => frame.includes('"prove"')), []);
  await ann.page.getByRole('button', { name: 'Forget this invitation' }).click();
  await ann.page.getByRole('button', { name: 'Yes, forget this invitation' }).click();
  await ann.page.getByRole('heading', { name: 'Open your invitation' }).waitFor();
  await ann.page.getByLabel('The link').fill(community.invitation);
  await ann.page.getByRole('button', { name: 'Open' }).click();
  await ann.say('Join');
  await ann.page.getByRole('heading', { name: 'Almost there' }).waitFor();
  ann.clean();
});

test('a server that was set back to an old store is found out', async (context) => {
  const { community, people: [ann] } = await gather(context, browser, ['Ann']);
  ann.expected.push(...GONE);
  await community.stop();
  await community.copyStore('old');
  await community.serve();
  await ann.write('This will be forgotten.');
  await ann.said('This will be forgotten.').locator('.sign.checkpointed').waitFor();
  await community.stop();
  await community.putStore('old');
  await community.serve();
  await warning(ann).getByText('older history').waitFor();
  // What was verified before stays.
  await ann.sees('This will be forgotten.');
  await ann.page.reload();
  await ann.sees('This will be forgotten.');
  await warning(ann).waitFor();
  ann.clean();
});

test('a server that tells two members two histories is convicted by its own signatures', async (context) => {
  const { community, people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  for (const one of [ann, bob]) one.expected.push(...GONE, /ERR_INTERNET_DISCONNECTED/u);
  await ann.write('Said to both.');
  await bob.sees('Said to both.');
  await community.stop();
  await community.copyStore('common');
  await bob.context.setOffline(true);
  await community.serve();
  await ann.write('Said to Ann’s side alone.');
  await ann.said('Said to Ann’s side alone.').locator('.sign.checkpointed').waitFor();
  await community.stop();
  await community.putStore('common');
  await ann.context.setOffline(true);
  await community.serve();
  await bob.context.setOffline(false);
  for (const text of ['Said to Bob’s side.', 'And more.', 'And more still.']) await bob.write(text);
  await bob.said('And more still.').locator('.sign.checkpointed').waitFor();
  // The two are brought together again.
  await ann.context.setOffline(false);
  await warning(ann).getByText('two different histories').waitFor();
  await ann.sees('Said to Ann’s side alone.');
  assert.equal(await ann.said('Said to Bob’s side.').count(), 0);
  const evidence = await ann.download(() => warning(ann).getByRole('button', { name: 'Save the evidence' }).click());
  assert.equal((await verifyEvidence(evidence)).community, community.invitation.split('/').at(-1));
  await ann.looksRight('warning');
  ann.clean();
  bob.clean();
});
