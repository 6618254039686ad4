// What scrolls by itself can be reached by the keyboard, too.
const focusable = () => {
  for (const element of document.querySelectorAll('main pre, main pre > code, main .table-wrapper, main .diagram')) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  }
};
addEventListener('load', focusable);
addEventListener('resize', focusable);
