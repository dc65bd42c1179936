/** The worker's side: loads one model, and answers what the page asks. */

import { loadCore } from "../load.ts";
import type { ModelCore, Verb, Verbs } from "../model/verbs.ts";
import { failureOf, type Reply, type Request } from "./messages.ts";
import { ownPort } from "./ports.ts";

/** Answer the messages of `loadInWorker`; all that the code of a worker has to call. */
export function hostModel(): void {
  const port = ownPort();
  const reply = (message: Reply): void => port.post(message);
  const going = new Map<number, AbortController>();
  let core: ModelCore | null = null;

  const answer = async (request: Request, signal: AbortSignal): Promise<unknown> => {
    if (request.kind === "load") {
      const onProgress = (progress: Extract<Reply, { kind: "progress" }>["progress"]): void =>
        reply({ id: request.id, kind: "progress", progress });
      core = await loadCore(request.source, { ...request.options, signal, onProgress });
      return core.info;
    }
    if (request.kind === "ask")
      return core!.ask(request.verb, request.args as Parameters<Verbs[Verb]>, signal);
    return core?.close();
  };

  port.listen((message) => {
    const request = message as Request;
    if (request.kind === "cancel") {
      going.get(request.id)?.abort();
      return;
    }
    const { id } = request;
    const controller = new AbortController();
    going.set(id, controller);
    answer(request, controller.signal)
      .then((value) => reply({ id, kind: "done", value }))
      .catch((error: unknown) => reply(failureOf(id, error)))
      .finally(() => going.delete(id));
  });
}
