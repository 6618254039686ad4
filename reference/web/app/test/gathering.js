// A served community, and people who have joined it, for the length of one test.
import { Person } from './browser.js';
import { found } from './community.js';

/** `names` are let in one after the other; `arrive` brings somebody more, who has not joined yet. */
export async function gather(context, browser, names, options = {}) {
  const community = await (await found(options)).serve();
  const people = [];
  context.after(async () => {
    for (const person of people) await person.leave();
    await community.remove();
  });
  const arrive = async (more = {}) => {
    const person = await Person.arrive(browser, community.origin, more);
    people.push(person);
    return person;
  };
  for (const name of names) await (await arrive()).join(community, name);
  return { community, people: [...people], arrive };
}
