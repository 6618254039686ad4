// Narrows the tables to the rows that hold what is typed. Without this script the page says just as much.
const input = document.getElementById('words');
const count = document.getElementById('count');
const rows = [...document.querySelectorAll('tr[data-row]')];
document.getElementById('search').hidden = false;
input.addEventListener('input', () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) shown += 1;
  }
  count.textContent = words.length ? `${shown} of ${rows.length} rows` : '';
});
// A link into a row that is hidden shows it.
addEventListener('hashchange', () => {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (row && row.hidden) { input.value = ''; input.dispatchEvent(new Event('input')); row.scrollIntoView(); }
});
