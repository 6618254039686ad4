/** What a thread of Node's runs that reads frames. */

import { parentPort } from "node:worker_threads";
import { serve } from "../../src/reader.js";

serve(parentPort);
