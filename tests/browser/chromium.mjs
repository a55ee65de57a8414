// A headless Chromium, driven over a pipe by its own protocol: nothing has to be installed beside it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE_MS = 60_000;

/** Starts a browser and opens an empty page; `close` ends both. */
export async function browser(program) {
  const profile = mkdtempSync(join(tmpdir(), "mesim-browser-"));
  const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--force-color-profile=srgb", `--user-data-dir=${profile}`, "--remote-debugging-pipe",
  ];
  const child = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => { child.on("exit", resolve); });
  const [send, receive] = [child.stdio[3], child.stdio[4]];
  const waiting = new Map();
  const listeners = [];
  let [last, text] = [0, ""];
  receive.setEncoding("utf8");
  receive.on("data", (more) => {
    const messages = (text + more).split("\0");
    text = messages.pop();
    for (const message of messages.map((message) => JSON.parse(message))) {
      const answer = waiting.get(message.id);
      waiting.delete(message.id);
      if (answer) {
        answer(message);
      } else {
        listeners.forEach((listener) => listener(message));
      }
    }
  });

  const ask = (method, params, sessionId) => new Promise((resolve, reject) => {
    last += 1;
    const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), PATIENCE_MS);
    waiting.set(last, ({ result, error }) => {
      clearTimeout(timer);
      if (error) {
        reject(new Error(`${method}: ${error.message}`));
      } else {
        resolve(result);
      }
    });
    send.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
  });
  const { targetId } = await ask("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await ask("Target.attachToTarget", { targetId, flatten: true });
  return {
    ask: (method, params = {}) => ask(method, params, sessionId),
    on: (listener) => listeners.push(listener),
    close: async () => {
      await ask("Browser.close", {}).catch(() => child.kill());
      await ended;
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
