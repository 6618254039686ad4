// Where the page begins.

import { options, render } from 'preact';
import { keepPage } from './opening.js';
import { App } from './views/app.jsx';

// Drawn once a frame, however much comes in: a first sync tells of each block. A hidden page gets no frames, and its title is to
// count what is unread all the same.
options.debounceRendering = (draw) => {
  const once = () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    draw();
  };
  const timer = setTimeout(once, 200);
  const frame = requestAnimationFrame(once);
};

render(<App />, document.getElementById('app'));
keepPage();
