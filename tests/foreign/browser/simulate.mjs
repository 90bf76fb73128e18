// The page of the simulated WeChat, as people use it: node simulate.mjs BROWSER WHERE PICTURES
// WHERE is the line that `simulate` prints.
import { join } from 'node:path';
import { DESKTOP, PHONE, check, open, overflow, start, tell, violations } from './browser.mjs';

const [program, where, pictures] = process.argv.slice(2);
const { page_url: address, base_url: base, control_url: control, token } = JSON.parse(where);

// --- a bot that answers every text with the same text ----------------------------------------

async function ask(path, body) {
  const answer = await fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, authorizationtype: 'ilink_bot_token' },
    body: JSON.stringify(body),
  });
  return answer.ok ? answer.json() : {};
}

let over = false;
async function bot() {
  let cursor = '';
  while (!over) {
    const { msgs = [], get_updates_buf: next } = await ask('/ilink/bot/getupdates', { get_updates_buf: cursor }).catch(() => ({}));
    cursor = next || cursor;
    for (const message of msgs) {
      const text = message.item_list.map((item) => item?.text_item?.text ?? 'no text').join('');
      await ask('/ilink/bot/sendmessage', { msg: {
        to_user_id: message.from_user_id, client_id: crypto.randomUUID(), message_type: 2, message_state: 2,
        context_token: message.context_token, item_list: [{ type: 1, text_item: { text: `re: ${text}` } }],
      } });
    }
  }
}

// --- what a person sees ----------------------------------------------------------------------

const bubbles = (page, mine) => page.locator(mine ? '#messages li.mine' : '#messages li:not(.mine):not(.empty)');
const SOON = { timeout: 20_000 };

/** Waits until something is so; a check that says what it waits for. */
async function becomes(page, sentence, holds, argument) {
  const so = await page.waitForFunction(holds, argument, SOON).then(() => true, () => false);
  check(sentence, so);
}

const said = (page, text, mine) => becomes(page, `${mine ? 'what was written' : 'the answer'} can be read: ${text}`, ([text, mine]) =>
  [...document.querySelectorAll(mine ? '#messages li.mine' : '#messages li:not(.mine)')].some((one) => one.textContent.includes(text)), [text, mine]);

const journal = (page, text) => becomes(page, `the journal tells of it: ${text}`, (text) =>
  [...document.querySelectorAll('#entries li')].some((one) => !one.hidden && one.textContent.includes(text)), text);

const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

const browser = await start(program);
const page = await open(browser, address);

// Before anybody polls.
await becomes(page, 'it says that nobody polls', () => document.getElementById('vitals').textContent.includes('nobody polls'));
check('an empty chat says what to do', (await page.locator('#messages .empty').count()) === 1);
check('whoever opens it can write at once', await page.locator('#text').evaluate((text) => text === document.activeElement));
await page.keyboard.type('early');
await page.keyboard.press('Enter');
await becomes(page, 'a text that nobody fetched is said to wait', () => document.querySelector('#messages li.mine')?.textContent.includes('not yet delivered'));

const running = bot();
await said(page, 're: early', false);
await becomes(page, 'it says that the bot listens', () => document.getElementById('vitals').textContent.includes('listening'));

// The owner, the stranger, and what looks like a page.
await page.fill('#text', 'hello 你好 👋');
await press(page, 'Send');
await said(page, 'hello 你好 👋', true);
await said(page, 're: hello 你好 👋', false);
check('the field is empty again', (await page.inputValue('#text')) === '');
await page.getByText('a stranger', { exact: true }).click();
check('the chat is another', (await bubbles(page, true).count()) === 0);
const hostile = '<script>alert(1)</script><img src=x onerror=alert(2)>';
await page.fill('#text', hostile);
await press(page, 'Send');
await said(page, hostile, true);
await said(page, `re: ${hostile}`, false);
await journal(page, `✉ to a stranger: re: ${hostile}`);
check('nothing of it became an element', (await page.locator('#messages script, #messages img, #entries script, #entries img').count()) === 0);
await page.fill('#newcomer-id', '<b>mallory</b>');
await press(page, 'Add');
check('somebody new is who you are', (await page.locator('#contacts input:checked').inputValue()) === '<b>mallory</b>');
check('a name stays a name', (await page.locator('#contacts b b, #chat-title b').count()) === 0);

// Somebody else is answered meanwhile.
await fetch(`${control}/messages`, { method: 'POST', body: JSON.stringify({ from: 'owner', text: 'from elsewhere' }) });
await becomes(page, 'what is new elsewhere is counted', () => document.querySelector('#contacts .new')?.textContent === '1');
await page.locator('#contacts label').first().click();
await said(page, 're: from elsewhere', false);
check('and no longer, once it was read', (await page.locator('#contacts .new').count()) === 0);

// Every kind of message.
for (const kind of await page.locator('#kind option').evaluateAll((options) => options.map((option) => option.value))) {
  const before = await bubbles(page, true).count();
  await page.selectOption('#kind', kind);
  await page.fill('#text', `as ${kind}`);
  await press(page, 'Send it');
  await becomes(page, `${kind} is shown`, (before) => document.querySelectorAll('#messages li.mine').length === before + 1, before);
}
await becomes(page, 'a picture can be seen', () => [...document.querySelectorAll('#messages img')].some((one) => one.naturalWidth > 0));
await becomes(page, 'a malformed item is called so', () => [...document.querySelectorAll('#messages li.mine')].some((one) => one.textContent.includes('malformed item: {')));
check('and nothing is undefined', !(await page.locator('#messages').textContent()).includes('undefined'));
await ask('/ilink/bot/sendtyping', { ilink_user_id: JSON.parse(where).owner_user_id, typing_ticket: 'any', status: 1 });
await becomes(page, 'that the bot types is seen', () => document.getElementById('chat-note').textContent.includes('typing'));
await ask('/ilink/bot/sendtyping', { ilink_user_id: JSON.parse(where).owner_user_id, typing_ticket: 'any', status: 2 });
await becomes(page, 'and that it stopped', () => !document.getElementById('chat-note').textContent.includes('typing'));
await fetch(`${control}/expire-context`, { method: 'POST', body: '{"user_id":"owner"}' });
await becomes(page, 'that the bot may not answer any more is said', () => document.getElementById('chat-note').textContent.includes('0 more'));
const before = await bubbles(page, true).count();
await press(page, 'Repeat last');
await becomes(page, 'a message can be given again', (before) => document.querySelectorAll('#messages li.mine').length === before + 1, before);
check('and is said to be', (await bubbles(page, true).last().textContent()).includes('given again'));

// Faults.
await page.selectOption('#on', 'sendmessage');
await press(page, 'HTTP 500');
await becomes(page, 'a fault that is set is listed', () => document.getElementById('pending').textContent.includes('http status (status 500) on sendmessage'));
await page.fill('#text', 'into the fault');
await press(page, 'Send');
await journal(page, '← sendmessage 500 [http_status]');
await becomes(page, 'a fault that is spent is listed no more', () => document.getElementById('pending').textContent === 'none');
for (const name of await page.locator('#kinds button').allTextContents()) {
  await press(page, name);
  await becomes(page, `${name} is set`, () => document.getElementById('pending').textContent !== 'none');
  await press(page, 'Clear faults');
  await becomes(page, `${name} is removed`, () => document.getElementById('pending').textContent === 'none');
}
await page.fill('#times', '0');
await press(page, 'close');
await becomes(page, 'what is refused is said in words', () => !document.getElementById('problem').hidden && document.getElementById('problem').textContent.includes('times'));
// The browser itself speaks of that on its console.
check('and nowhere else', page.mischief.length === 1 && page.mischief[0].includes('400'), page.mischief);
page.mischief.length = 0;
await page.fill('#times', '1');
await press(page, 'Expire login');
await becomes(page, 'that the login is void is said', () => document.getElementById('vitals').textContent.includes('login expired'));
await journal(page, '← getupdates 200 errcode -14');
await press(page, 'Renew login');
await becomes(page, 'that it is good again is said', () => !document.getElementById('vitals').textContent.includes('login expired'));

// The journal.
await page.locator('#entries summary:visible').last().click();
await becomes(page, 'an entry can be unfolded', () => document.querySelector('#entries details[open] pre')?.textContent.includes('"is"'));
check('the bot token is nowhere', !(await page.content()).includes(token));
const idle = await page.locator('#entries li:visible').count();
await page.getByText('hide idle polls').click();
check('idle polls can be shown', (await page.locator('#entries li:visible').count()) > idle);
await page.getByText('hide idle polls').click();

// By keyboard alone.
const keys = await open(browser, address);
await becomes(keys, 'it is there', () => document.activeElement.id === 'text');
await keys.keyboard.type('two');
await keys.keyboard.press('Shift+Enter');
await keys.keyboard.type('lines');
await keys.keyboard.press('Enter');
await said(keys, 're: two\nlines', false);
await keys.keyboard.press('Alt+2');
check('Alt and a digit change who you are', (await keys.locator('#contacts input:checked').inputValue()) === 'wx-friend@im.wechat');
await keys.keyboard.type('from the friend');
await keys.keyboard.press('Enter');
await said(keys, 're: from the friend', false);
await keys.keyboard.press('Alt+f');
check('Alt and F lead to the faults', await keys.evaluate(() => document.activeElement.closest('#kinds') !== null));
await keys.keyboard.press('Enter');
await journal(keys, '← getupdates 500 [http_status]');
await keys.keyboard.press('Alt+j');
check('Alt and J lead to the journal', await keys.evaluate(() => document.activeElement.id === 'entries'));
await keys.keyboard.press('/');
check('a slash leads back to the message', await keys.evaluate(() => document.activeElement.id === 'text'));
await keys.locator('#contacts input:checked').focus();
await keys.keyboard.press('ArrowDown');
check('arrows change who you are', (await keys.locator('#contacts input:checked').inputValue()) === 'wx-stranger@im.wechat');
const stops = new Set();
for (let stop = 0; stop < 80; stop += 1) {
  await keys.keyboard.press('Tab');
  const { id, ring } = await keys.evaluate(() => {
    const one = document.activeElement;
    const seen = one.type === 'radio' ? one.closest('label') : one;
    return { id: one.id || one.textContent, ring: getComputedStyle(seen).outlineStyle };
  });
  check(`where the keyboard is can be seen: ${id}`, ring !== 'none' || id.trim() === '' || stops.has(id), ring);
  stops.add(id);
}
for (const id of ['text', 'kind', 'send-kind', 'again', 'newcomer-id', 'on', 'times', 'Clear faults', 'entries']) {
  check(`Tab leads to ${id}`, stops.has(id), [...stops].join(' '));
}
check('and the page did nothing else', keys.mischief.length === 0, keys.mischief);
await keys.context().close();

// Both widths, both schemes, every view.
for (const [name, viewport] of [['phone', PHONE], ['desktop', DESKTOP]]) {
  for (const colorScheme of ['light', 'dark']) {
    const one = await open(browser, address, { viewport, colorScheme });
    await said(one, 're: hello', false);
    for (const view of name === 'phone' ? ['Chat', 'Faults', 'Journal'] : ['Chat']) {
      if (name === 'phone') await one.getByRole('button', { name: view, exact: true }).click();
      const which = `${view} ${name} ${colorScheme}`;
      const found = await violations(one);
      check(`${which}: axe-core finds nothing`, found.length === 0, found.slice(0, 5).join(' | '));
      check(`${which}: nothing lies beyond the edge`, (await overflow(one)) === 0, String(await overflow(one)));
      await one.screenshot({ path: join(pictures, `${view.toLowerCase()}-${name}-${colorScheme}.png`) });
    }
    if (name === 'phone') {
      await one.getByRole('button', { name: 'Chat', exact: true }).click();
      await one.fill('#text', `from the ${colorScheme} phone`);
      await press(one, 'Send');
      await said(one, `re: from the ${colorScheme} phone`, false);
      check('what is written and sent is in sight', await one.locator('#text').evaluate((text) => text.getBoundingClientRect().bottom <= innerHeight));
    }
    check(`${name} ${colorScheme}: the page did nothing else`, one.mischief.length === 0, one.mischief);
    await one.context().close();
  }
}

check('the page did nothing that nobody asked for', page.mischief.length === 0, page.mischief);

over = true;
await fetch(`${control}/release-polls`, { method: 'POST' });
await running;
await browser.close();
tell();
