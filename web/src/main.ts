/** The page: loads the model, and answers posts. */

import { card } from "./cards";
import { download } from "./downloads";
import { ReplyModel } from "./model";
import { get, type Site } from "./site";
import { TextProcessor, type TextSettings } from "./text";

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const post = element<HTMLInputElement>("post");
const send = element<HTMLButtonElement>("send");
const again = element<HTMLButtonElement>("again");
const temperature = element<HTMLInputElement>("temperature");
const replies = element("replies");

async function start(): Promise<void> {
  if (!("WebAssembly" in self)) {
    throw new Error("This browser has no WebAssembly, which the model needs. Try a current one.");
  }
  void keepForOfflineUse();
  const site: Site = await (await get("model/site.json")).json();
  describe(site);
  const files = await download(site, showProgress);
  element("loading-text").textContent = "Starting the model";
  element("progress").removeAttribute("value");
  const settings: TextSettings = JSON.parse(new TextDecoder().decode(files["model/text.json"]));
  const text = new TextProcessor(settings);
  const model = await ReplyModel.load(
    files["wasm/litert_wasm_compat_internal.wasm"],
    files["model/ids.tflite"],
    site.emotions.length,
    site.postLength,
    settings.responseWords.length,
  );
  element("loading").hidden = true;
  send.disabled = false;
  temperature.addEventListener("input", showTemperature);
  showTemperature();
  element("form").addEventListener("submit", (event) => {
    event.preventDefault();
    void report(answer(site, text, model, 0));
  });
  again.addEventListener("click", () => {
    if (post.reportValidity()) void report(answer(site, text, model, temperature.valueAsNumber));
  });
}

/** Shows what the site says of its model. */
function describe(site: Site): void {
  element("model-name").textContent = site.model;
  post.lang = site.language;
  for (const { text, english } of site.examples) {
    const button = document.createElement("button");
    button.type = "button";
    button.lang = site.language;
    button.textContent = text;
    if (english) button.title = english;
    button.addEventListener("click", () => {
      post.value = text;
      if (!send.disabled) element<HTMLFormElement>("form").requestSubmit();
    });
    element("examples").append(button);
  }
  const show = element<HTMLButtonElement>("show-card");
  show.disabled = false;
  show.addEventListener("click", () => void report(showCard()));
}

async function showCard(): Promise<void> {
  element("card-text").textContent = await (await get("model/card.md")).text();
  element<HTMLDialogElement>("card").showModal();
}

function showProgress(received: number, total: number): void {
  const bar = element<HTMLProgressElement>("progress");
  bar.max = total;
  bar.value = received;
  const [done, all] = [received, total].map((bytes) => (bytes / 1e6).toFixed(1));
  element("loading-text").textContent = `Loading the model: ${done} of ${all} MB`;
}

async function answer(
  site: Site,
  text: TextProcessor,
  model: ReplyModel,
  temperature: number,
): Promise<void> {
  send.disabled = again.disabled = true;
  replies.setAttribute("aria-busy", "true");
  try {
    const results = await model.reply(text.postIdsOf(post.value, site.postLength), temperature);
    replies.replaceChildren(
      ...site.emotions.map((emotion, id) => {
        const words = text.words(results[id]!.ids);
        return card(emotion, text.detokenize(words), words, site.language);
      }),
    );
    element("legend").hidden = site.emotions.every(({ words }) => words.length === 0);
    element("sampling").hidden = false;
  } finally {
    replies.removeAttribute("aria-busy");
    send.disabled = again.disabled = false;
  }
}

function showTemperature(): void {
  element("temperature-value").textContent = temperature.valueAsNumber.toFixed(1);
}

/** Lets the browser open the page without a network; without this, it only works online. */
async function keepForOfflineUse(): Promise<void> {
  if ("serviceWorker" in navigator) await navigator.serviceWorker.register("service-worker.js");
}

/** Shows the error of a task in the page. */
async function report(task: Promise<void>): Promise<void> {
  const message = element("message");
  message.hidden = true;
  try {
    await task;
  } catch (error) {
    console.error(error);
    element("loading").hidden = true;
    message.textContent = error instanceof Error ? error.message : String(error);
    message.hidden = false;
  }
}

void report(start());
