// A headless browser for one page after another, and what every test of a page asks of it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1280, height: 900 };

/** Starts the browser at `program`; `close` it in the end. */
export async function start(program) {
  return chromium.launch({
    executablePath: program,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}

/**
 * Opens an address. What the page does that nobody asked for is collected in `page.mischief`: errors, dialogs,
 * and requests to anywhere but where it came from.
 */
export async function open(browser, address, { viewport = DESKTOP, colorScheme = 'light' } = {}) {
  // axe is put into the page from outside, which a policy of the page would forbid.
  const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.mischief = [];
  page.on('pageerror', (error) => page.mischief.push(`error: ${error.message}`));
  page.on('console', (said) => { if (said.type() === 'error') page.mischief.push(`console: ${said.text()}`); });
  page.on('dialog', (dialog) => { page.mischief.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  const home = new URL(address);
  page.on('request', (request) => {
    const url = new URL(request.url());
    const own = url.protocol === home.protocol && url.host === home.host;
    if (!own && url.protocol !== 'data:') page.mischief.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

/** What axe-core finds wrong, a line each. */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary.split('\n')[1] ?? ''}`));
}

/** What stands beyond the right edge: a page that scrolls sideways is hard to read. */
export async function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

const wrong = [];
let asked = 0;

/** Notes that something has to be so. */
export function check(sentence, holds, seen = '') {
  asked += 1;
  if (!holds) wrong.push(seen === '' ? sentence : `${sentence}; seen: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`);
}

/** Says what came of it all, and ends. */
export function tell() {
  console.log(`${asked} checks, ${wrong.length} wrong`);
  for (const sentence of wrong) console.log(`  ${sentence}`);
  process.exit(wrong.length === 0 && asked > 0 ? 0 : 1);
}
