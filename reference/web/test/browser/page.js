/** What the tests do inside a browser's page: the library, its vectors, and the contract of its stores. */

import * as core from "../../src/core.js";
import * as whole from "../../src/index.js";
import { until, words } from "../servers/until.js";
import { checkStore } from "../stores.js";
import { runVectors } from "../vectors/harness.js";

Object.assign(globalThis, { ...whole, core, checkStore, runVectors, until, words });
