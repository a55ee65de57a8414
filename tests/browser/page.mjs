// A page in a browser, as somebody with a mouse, a keyboard and eyes has it.

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const KEYS = { ArrowRight: 39, ArrowLeft: 37, ArrowUp: 38, ArrowDown: 40, Tab: 9, PageUp: 33, PageDown: 34, Home: 36, End: 35, n: 78, p: 80, " ": 32 };

/** Opens a file, and notes whatever the page complains of or asks for. */
export async function opened(browser, path) {
  const [wrong, requests] = [[], []];
  const url = pathToFileURL(path).href;
  const { ask } = browser;
  const loaded = new Promise((resolve) => {
    browser.on(({ method, params }) => {
      if (method === "Runtime.exceptionThrown") {
        wrong.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      } else if (method === "Runtime.consoleAPICalled") {
        wrong.push(`console: ${JSON.stringify(params.args.map((arg) => arg.value))}`);
      } else if (method === "Log.entryAdded") {
        wrong.push(params.entry.text);
      } else if (method === "Page.javascriptDialogOpening") {
        wrong.push(`dialog: ${params.message}`);
        ask("Page.handleJavaScriptDialog", { accept: true });
      } else if (method === "Network.requestWillBeSent") {
        requests.push(params.request.url);
      } else if (method === "Page.loadEventFired") {
        resolve();
      }
    });
  });
  for (const domain of ["Page", "Runtime", "Log", "Network"]) {
    await ask(`${domain}.enable`);
  }
  await ask("Page.navigate", { url });
  await loaded;

  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await ask("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails) {
      throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    }
    return result.value;
  };
  return {
    evaluate,
    /** Presses a key as the keyboard does. */
    async key(key) {
      const code = { key, windowsVirtualKeyCode: KEYS[key], ...(key.length === 1 ? { text: key } : {}) };
      await ask("Input.dispatchKeyEvent", { type: "keyDown", ...code });
      await ask("Input.dispatchKeyEvent", { type: "keyUp", ...code });
    },
    /** Clicks into the middle of what a selector finds. */
    async click(selector) {
      const place = `(() => {
        const found = document.querySelector(${JSON.stringify(selector)});
        found.scrollIntoView({ block: "center" });
        const box = found.getBoundingClientRect();
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      })()`;
      const { x, y } = await evaluate(place);
      const at = { x, y, button: "left", clickCount: 1 };
      await ask("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
      await ask("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
    },
    async size(width, height, scheme = "light") {
      await ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
      await ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    },
    async screenshot(to, whole = false) {
      const { data } = await ask("Page.captureScreenshot", { captureBeyondViewport: whole });
      writeFileSync(to, Buffer.from(data, "base64"));
    },
    /** Returns what is wrong by now: complaints, and requests for anything but the file. */
    complaints: () => [...wrong, ...requests.filter((asked) => asked !== url).map((asked) => `request: ${asked}`)],
  };
}
