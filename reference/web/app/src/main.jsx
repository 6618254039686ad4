// Where the page begins.

import { render } from 'preact';
import { keepPage } from './opening.js';
import { App } from './views/app.jsx';

render(<App />, document.getElementById('app'));
keepPage();
