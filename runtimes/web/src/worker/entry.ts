/** The code of a worker that `loadInWorker` starts. */

import { hostModel } from "./host.ts";

hostModel();
