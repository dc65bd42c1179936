import { hostModel } from "./edgebert.min.js";

hostModel();
