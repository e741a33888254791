// Somebody at a real browser: opens a page, signs in and agrees to whatever is asked, and prints what the last page says.
//
// Its one argument is a JSON object: chromium (the program), url (the page to open), name (who signs in), code (what to
// type into an empty field for a code), and text: it ends at a page that says so.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { chromium: executablePath, url, name, code, text } = JSON.parse(process.argv[2]);
const profile = mkdtempSync(join(tmpdir(), "latchkey-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath, headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(60_000);
  // Nothing but this machine: the provider's pages name a font of the internet.
  await page.route("**/*", (route) => (["127.0.0.1", "localhost"].includes(new URL(route.request().url()).hostname) ? route.continue() : route.abort()));
  await page.goto(url, { waitUntil: "domcontentloaded" });
  const arrived = async () => (await page.locator("body").innerText()).includes(text);
  for (let step = 0; !(await arrived()); step++) {
    const button = page.locator("form button:not([type=button]):not([name=abort]):not([value=deny]), button[form]:not([name=abort]), form input[type=submit]").first();
    if (step === 10 || (await button.count()) === 0) {
      throw new Error(`stuck at ${page.url()}: ${await page.locator("body").innerText()}`);
    }
    for (const [field, value] of Object.entries({ login: name, password: "any", user_code: code })) {
      const input = page.locator(`input[name="${field}"]:not([type="hidden"])`).first();
      if (value && (await input.count()) > 0 && (await input.inputValue()) === "") await input.fill(value);
    }
    await Promise.all([page.waitForNavigation({ waitUntil: "domcontentloaded" }), button.click()]);
  }
  console.log(await page.locator("body").innerText());
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
