/** What a worker runs: `new Worker(url, { type: "module" })` with the url of this module, or of a bundle of it. */

import { serve } from "./reader.js";

serve(/** @type {any} */ (globalThis));
