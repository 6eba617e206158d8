// Opens the console in a real Chromium and checks what a person would see, also while a service breaks and heals.
//
//   node console.js --url http://127.0.0.1:8080 --simulator http://127.0.0.1:8083 [--service payment-service]
//                   [--fault '{"error_rate":0.3}'] [--mode fake|stack] [--screenshots DIR]
//
// The mode says how long detection and healing may take: `fake` is the feeder of the cargo test, `stack` is `tidewatch up`.
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    simulator: { type: "string" },
    service: { type: "string", default: "payment-service" },
    fault: { type: "string", default: '{"error_rate":0.3}' },
    mode: { type: "string", default: "stack" },
    screenshots: { type: "string" },
  },
});
const LIMITS = { fake: { detected: 20_000, healed: 20_000 }, stack: { detected: 45_000, healed: 120_000 } };
const limits = LIMITS[options.mode];
if (!options.url || !options.simulator || !limits) {
  console.error("usage: node console.js --url URL --simulator URL [--mode fake|stack]");
  process.exit(64);
}
const APPEARS = 30_000;
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const failures = [];

function check(what, isSo, detail = "") {
  console.log(`${isSo ? "ok    " : "FAILED"} ${what}${isSo ? "" : `: ${detail}`}`);
  if (!isSo) failures.push(what);
}

function onPath(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch { /* the next folder */ }
  }
  throw new Error(`${name} is not on PATH`);
}

/** A page that notes every console error and every request to another host. */
async function watched(context) {
  const page = await context.newPage();
  const own = new URL(options.url).host;
  page.problems = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.problems.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.host !== own) page.problems.push(`request to ${url.host}`);
  });
  return page;
}

async function accessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map((found) => `${found.id} at ${found.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`);
  check(`${what}: axe finds nothing`, violations.length === 0, found.join(" | "));
}

async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`${what}: nothing wider than the screen`, over <= 0, `${over} px too wide`);
}

async function shoot(page, name) {
  if (!options.screenshots) return;
  mkdirSync(options.screenshots, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(options.screenshots, `${name}.png`), fullPage: name.includes("phone") || name.includes("whole") });
}

const card = (page, service) => page.locator("#services article", { has: page.locator("h3", { hasText: new RegExp(`^${service}$`) }) });
const firing = (page, service) => card(page, service).and(page.locator(".firing"));
const iconIs = (page, which) => page.evaluate((which) => {
  const icon = document.getElementById("icon");
  return icon.getAttribute("href") === icon.dataset[which];
}, which);

/** Every combination of width and scheme, at one moment. */
async function everyLook(browser, state) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      const what = `${state}, ${size}, ${colorScheme}`;
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
      const page = await watched(context);
      await page.goto(options.url);
      await page.locator("#live.live").waitFor({ timeout: APPEARS });
      await card(page, options.service).waitFor({ timeout: APPEARS });
      await fits(page, what);
      await accessible(page, what);
      if (options.mode === "fake") {
        const unjudged = page.locator("#services article.unknown");
        const why = await unjudged.locator(".reason").allTextContents();
        check(`${what}: a service with too few requests says so`, why.join() === "0 % of 20 requests failed; too few to evaluate.", why.join());
      }
      const moving = await page.evaluate(() => document.getAnimations().length);
      check(`${what}: nothing moves where motion is unwanted`, moving === 0, `${moving} animations`);
      await shoot(page, `${state}-${size}-${colorScheme}`);
      if (size === "desktop") await shoot(page, `${state}-whole-${colorScheme}`);
      if (size === "phone") {
        await page.setViewportSize({ width: 360, height: 740 });
        await fits(page, `${what} at 360 px`);
      }
      check(`${what}: no console error, no other host`, page.problems.length === 0, page.problems.join(" | "));
      await context.close();
    }
  }
}

async function changes(page) {
  const figures = () => page.locator("#services dd.figure").allTextContents();
  await page.locator("#services article").first().evaluate((element) => { element.dataset.kept = "yes"; });
  const before = (await figures()).join();
  let after = before;
  for (let tries = 0; tries < 50 && after === before; tries++) {
    await page.waitForTimeout(200);
    after = (await figures()).join();
  }
  check("values change", after !== before, before);
  const details = page.locator("#pipeline details");
  await details.locator("summary").focus();
  await page.keyboard.press("Enter");
  await page.waitForTimeout(2500);
  check("opened details stay open while values change", await details.evaluate((element) => element.open));
  check("focus stays while values change", await details.locator("summary").evaluate((element) => element === document.activeElement));
}

async function keyboard(page) {
  await page.goto(options.url);
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => ({ text: document.activeElement.textContent, top: document.activeElement.getBoundingClientRect().top }));
  await page.waitForTimeout(100);
  check("the first tab stop is a visible link to the content", first.text.startsWith("Skip") && first.top >= 0, JSON.stringify(first));
  await page.keyboard.press("Enter");
  check("it leads to the content", await page.evaluate(() => document.activeElement.id === "main"));
}

async function hides(page) {
  const setHidden = (hidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  const shown = () => page.locator("#live").textContent();
  await page.locator("#live.live").waitFor();
  await setHidden(true);
  await page.waitForTimeout(300);
  const before = await shown();
  await page.waitForTimeout(2500);
  check("a hidden tab gets no fragments", (await shown()) === before, `${before} became ${await shown()}`);
  await setHidden(false);
  await page.waitForFunction((before) => document.getElementById("live").textContent !== before, before, { timeout: 5000 });
  check("a tab that is seen again goes on", true);
}

async function breaksAndHeals(page) {
  const fault = `${options.simulator}/faults/${options.service}`;
  const started = Date.now();
  const put = await fetch(fault, { method: "PUT", headers: { "content-type": "application/json" }, body: options.fault });
  if (!put.ok) throw new Error(`PUT ${fault} answered ${put.status}`);
  try {
    await page.locator("#timeline rect.injected").first().waitFor({ state: "attached", timeout: 10_000 });
    check("the injected fault is on the timeline", true);
    await firing(page, options.service).waitFor({ timeout: limits.detected });
    console.log(`       red after ${((Date.now() - started) / 1000).toFixed(1)} s`);
    check("the broken service turns red", true);
    await page.waitForFunction(() => /^\(\d+ firing\) Tidewatch$/.test(document.title), undefined, { timeout: 5000 });
    check("the title says that something fires", true);
    check("the icon turns into the firing one", await iconIs(page, "firing"));
    check("only the broken service is red", (await page.locator("#services article.firing").count()) === 1);
    await page.locator("#timeline .steps .notified b", { hasText: "+" }).first().waitFor({ timeout: 15_000 });
    check("the notification is on the timeline", true);
    return started;
  } catch (error) {
    await fetch(fault, { method: "DELETE" });
    throw error;
  }
}

async function heals(page) {
  const started = Date.now();
  await fetch(`${options.simulator}/faults/${options.service}`, { method: "DELETE" });
  await firing(page, options.service).waitFor({ state: "detached", timeout: limits.healed });
  console.log(`       healed after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  check("the healed service is red no more", true);
  await page.waitForFunction(() => document.title === "Tidewatch", undefined, { timeout: 10_000 });
  check("title and icon are quiet again", await iconIs(page, "quiet"));
  await page.locator("#timeline .story.over", { hasText: "Resolution sent" }).first().waitFor({ timeout: 20_000 });
  check("the story is shown to its end", true);
}

async function withoutScript(browser) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await watched(context);
  await page.goto(options.url);
  check("without a script the services are there", await card(page, options.service).isVisible());
  check("without a script there is a link to refresh", await page.locator("#live a", { hasText: "Refresh" }).isVisible());
  await context.close();
}

async function losesTheStream(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route("**/events", (route) => route.abort());
  await page.goto(options.url);
  await page.locator("#stale", { hasText: /Stale since \d\d:\d\d:\d\d UTC/ }).waitFor({ timeout: 10_000 });
  check("a page without its stream says since when it is stale", true);
  await page.unroute("**/events");
  await page.locator("#live.live").waitFor({ timeout: 15_000 });
  check("it goes on when the stream is back", await page.locator("#stale").isHidden());
  await context.close();
}

// Chromium keeps a profile: it gets its own, gone at the end.
const profile = mkdtempSync(join(tmpdir(), "tidewatch-chromium-"));
process.env.TMPDIR = profile;
const browser = await chromium.launch({
  executablePath: onPath("chromium"),
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  ],
});
try {
  const context = await browser.newContext({ viewport: SIZES.desktop });
  const page = await watched(context);
  await page.goto(options.url);
  await card(page, options.service).waitFor({ timeout: APPEARS });
  check("the page is quiet", (await page.title()) === "Tidewatch" && (await iconIs(page, "quiet")), await page.title());
  await everyLook(browser, "quiet");
  await changes(page);
  await breaksAndHeals(page);
  try {
    await everyLook(browser, "firing");
  } finally {
    await heals(page);
  }
  await everyLook(browser, "healed");
  await hides(page);
  await keyboard(page);
  check("the whole time no console error, no other host", page.problems.length === 0, page.problems.join(" | "));
  await context.close();
  await withoutScript(browser);
  await losesTheStream(browser);
} catch (error) {
  check("the walk through the page", false, error.stack);
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(failures.length ? `${failures.length} failed` : "all passed");
process.exit(failures.length ? 1 : 0);
