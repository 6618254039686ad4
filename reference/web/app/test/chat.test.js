// People chat through the real server, in real Chromium, each in a profile of their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, launch } from './browser.js';
import { found } from './community.js';

let browser;
const open = [];

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** A served community and people who have joined it. */
async function gathered(context, ...names) {
  const community = await (await found()).serve();
  const people = [];
  context.after(async () => {
    for (const person of people) await person.leave();
    await community.remove();
  });
  for (const name of names) {
    const person = await Person.arrive(browser, community.origin);
    people.push(person);
    await person.join(community, name);
  }
  const arrive = async () => {
    const person = await Person.arrive(browser, community.origin);
    people.push(person);
    return person;
  };
  return { community, people, arrive };
}

test('two people are let in, talk, and see how far their words have come', async (context) => {
  const { people: [ann, bob] } = await gathered(context, 'Ann', 'Bob');
  await ann.write('Hello, Bob.');
  await bob.sees('Hello, Bob.');
  await bob.write('Hello, Ann.');
  await ann.sees('Hello, Ann.');
  await ann.said('Hello, Bob.').locator('.sign.checkpointed').waitFor();
  await ann.page.reload();
  await ann.sees('Hello, Ann.');
  await ann.sees('Hello, Bob.');
  ann.clean();
  bob.clean();
});

void open;
void assert;
