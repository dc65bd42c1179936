/** The worker's side: loads one model, and answers what the page asks. */
/** Answer the messages of `loadInWorker`; all that the code of a worker has to call. */
export declare function hostModel(): void;
