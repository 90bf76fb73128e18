// The HTML face of a report, as people use it: node report.mjs BROWSER EVERY-OUTCOME.html HOSTILE.html PICTURES
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DESKTOP, PHONE, check, open, overflow, start, tell, violations } from './browser.mjs';

const [program, every, hostile, pictures] = process.argv.slice(2);
const browser = await start(program);
const address = (path, fragment = '') => pathToFileURL(path).href + fragment;
const shown = (page, selector) => page.locator(selector).evaluateAll((found) => found.filter((one) => one.checkVisibility()).length);

for (const [name, viewport] of [['phone', PHONE], ['desktop', DESKTOP]]) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [which, path] of [['every', every], ['hostile', hostile]]) {
      const page = await open(browser, address(path), { viewport, colorScheme });
      await page.locator('details').evaluateAll((all) => all.forEach((one) => { one.open = true; }));
      const where = `${which} ${name} ${colorScheme}`;
      const found = await violations(page);
      check(`${where}: axe-core finds nothing`, found.length === 0, found.slice(0, 5).join(' | '));
      check(`${where}: nothing lies beyond the edge`, (await overflow(page)) === 0, String(await overflow(page)));
      check(`${where}: the page keeps to itself`, page.mischief.length === 0, page.mischief);
      await page.screenshot({ path: join(pictures, `${which}-${name}-${colorScheme}.png`) });
      await page.context().close();
    }
  }
}

// Filters, by the mouse.
const page = await open(browser, address(every));
const all = await shown(page, '.rule');
check('every rule is shown at first', all === (await page.locator('.rule').count()) && all > 5, String(all));
for (const outcome of ['pass', 'fail', 'inconclusive', 'error', 'not_applicable', 'untested']) {
  const own = await page.locator(`.rule[class*="${outcome}-"]`).count();
  await page.uncheck(`#show-${outcome}`);
  check(`without ${outcome} its rules are gone`, (await shown(page, '.rule')) === all - own && own > 0, String(own));
  await page.check(`#show-${outcome}`);
}
await page.uncheck('#show-must');
const should = await page.locator('.rule[class*="-should"]').count();
check('without MUST only the others are shown', (await shown(page, '.rule')) === all - (await page.locator('.rule[class*="-must"]').count()));
check('a SHOULD is among them', should > 0 && (await shown(page, '.rule[class*="-should"]')) === should);
await page.check('#show-must');
check('with everything ticked again all are shown', (await shown(page, '.rule')) === all);

// Links to a rule.
const link = page.locator('.attention a').first();
const id = (await link.getAttribute('href')).slice(1);
await link.click();
check('a link of the summary leads to its rule', new URL(page.url()).hash === `#${id}`, page.url());
const inside = (one) => one.evaluate((id) => {
  const rule = document.getElementById(id).closest('details');
  const top = rule.getBoundingClientRect().top;
  return rule.open && top < innerHeight && top > -rule.getBoundingClientRect().height;
}, id);
check('the rule is open and in sight', await inside(page));
const deep = await open(browser, address(every, `#${id}`));
check('the same address from outside opens the rule', await inside(deep));
await deep.context().close();

// Everything by keyboard.
const keys = await open(browser, address(every));
await keys.keyboard.press('Tab');
const first = await keys.evaluate(() => document.activeElement.className);
check('the first stop of the keyboard skips to the rules', first === 'skip', first);
await keys.keyboard.press('Enter');
check('it leads there', new URL(keys.url()).hash === '#rules', keys.url());
await keys.locator('#show-pass').focus();
await keys.keyboard.press('Space');
check('a filter is switched with the space bar', !(await keys.locator('#show-pass').isChecked()));
const summary = keys.locator('.rule:not([open]) > summary').locator('visible=true').first();
await summary.focus();
const closed = await keys.locator('.rule[open]').count();
await keys.keyboard.press('Enter');
check('a rule is unfolded with the enter key', (await keys.locator('.rule[open]').count()) === closed + 1);
const ring = await keys.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
check('where the keyboard is can be seen', ring !== 'none', ring);
await keys.context().close();

// Whatever an adapter says stays words.
const evil = await open(browser, address(hostile));
check('no element came from the adapter', (await evil.locator('script, img, iframe, object, embed, svg').count()) === 0);
check('its words are there to be read', (await evil.content()).includes('&lt;script&gt;alert(1)'));
const text = await evil.evaluate(() => document.body.textContent);
// eslint-disable-next-line no-control-regex
check('no character steers or hides', !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text));
check('nothing was run', evil.mischief.length === 0, evil.mischief);

await browser.close();
tell();
