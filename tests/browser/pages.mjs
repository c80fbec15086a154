// What people do with the pages, in order; every step is one line of output. Fails on console errors, requests to elsewhere and
// every violation axe-core finds.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const { ZUB_ADDRESS: base, ZUB_TOKEN: token, ZUB_CHROMIUM: executablePath, ZUB_SHOTS: shots } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const problems = [];
let passed = 0, failed = 0;
const patience = Number(process.env.ZUB_PATIENCE ?? 3); // CI machines are slow; times here are upper bounds only

const profile = mkdtempSync(join(process.cwd(), 'profile-'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', `--crash-dumps-dir=${profile}`] });

async function open(path, { language = 'en-US', width = 1280, height = 800, ...more } = {}) {
	const context = await browser.newContext({ viewport: { width, height }, locale: language, ...more });
	const page = await context.newPage();
	page.setDefaultTimeout(120000); /* software rendering on a busy machine */
	page.setDefaultNavigationTimeout(120000);
	page.on('console', (message) => { if (message.type() === 'error' && !page.expectErrors) problems.push(`console: ${message.text()}`); });
	page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
	page.on('request', (request) => { if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) problems.push(`request to elsewhere: ${request.url()}`); });
	await page.goto(base + path);
	return page;
}

/** axe runs through the debugger, so the page's own strict policy stays in force. */
async function accessible(page, what) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	for (const violation of violations)
		console.log(`  ${what}: ${violation.id} (${violation.help}): ${violation.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
	assert.equal(violations.length, 0, `${what}: axe-core finds ${violations.length} violations`);
}
const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) });

async function step(name, run) {
	try {
		await run();
		assert.deepEqual(problems.splice(0), []);
		passed++;
		console.log(`ok: ${name}`);
	} catch (error) {
		failed++;
		console.log(`FAILED: ${name}\n${error.stack}`);
	}
}
const get = async (path) => (await fetch(base + path, path.includes('operator') ? { headers: { Authorization: `Bearer ${token}` } } : {})).json();
async function until(what, seconds, test) {
	for (let i = 0; i < seconds * 4 * patience; i++) {
		if (await test())
			return;
		await new Promise((done) => setTimeout(done, 250));
	}
	throw new Error(`${what}: not within ${seconds} s`);
}

await until('shuttles in service', 60, async () => (await get('/api/v1/fleet/positions')).vehicles.some((vehicle) => vehicle.in_service && vehicle.connected));
// two named stops some hundred metres apart, near the middle of the town
const { stops } = await get('/api/v1/stops');
const { centre } = await get('/api/v1/town');
const far = (a, b) => Math.hypot((a.lat - b.lat) * 111, (a.lon - b.lon) * 72);
const named = stops.filter((stop) => stop.name && stops.filter((other) => other.name === stop.name).length === 1).sort((a, b) => far(a, centre) - far(b, centre));
const from = named[0], to = named.find((stop) => far(stop, from) > 0.7) ?? named[1];

async function choose(page, field, text) {
	const input = page.locator(`.place-${field} input`);
	await input.focus();
	await page.keyboard.type(text, { delay: 5 });
	await page.locator(`.place-${field} [role=option]`).first().filter({ hasText: new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) }).waitFor();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	assert.equal(await input.inputValue(), text);
}
async function offersFor(page, a = from, b = to) {
	await choose(page, 'from', a.name);
	await choose(page, 'to', b.name);
	await page.locator('form button[type=submit]').focus();
	await page.keyboard.press('Enter');
}
const stepFree = (stop) => stop.step_free === 'yes' && stop.name;
const levelFrom = named.find(stepFree) ?? from, levelTo = named.find((stop) => stepFree(stop) && far(stop, levelFrom) > 0.7) ?? to;
const state = (page) => page.locator('.ride').getAttribute('data-state');

const rider = await open('/');
await step('shuttles move on the map', async () => {
	await rider.waitForSelector('#map[data-vehicles="6"]');
	const before = await rider.locator('#map').getAttribute('data-positions');
	await until('a shuttle moves', 90, async () => await rider.locator('#map').getAttribute('data-positions') !== before);
	assert.match(await rider.locator('.attribution').innerText(), /\S/);
	assert.match(await rider.locator('.honesty').innerText(), /Invented|Generated/);
	await rider.waitForTimeout(1500);
	await shot(rider, 'rider-start');
});
await step('start page: accessible', () => accessible(rider, 'start'));
await step('nothing chosen: says so, in the field', async () => {
	await rider.locator('form button[type=submit]').click();
	assert.match(await rider.locator('[role=alert]').innerText(), /where from/);
	assert.equal(await rider.locator('.place-from input').getAttribute('aria-invalid'), 'true');
});
await step('book by keyboard alone', async () => {
	await offersFor(rider);
	await rider.locator('.offer').first().waitFor();
	await accessible(rider, 'offers');
	await shot(rider, 'rider-offers');
	await rider.locator('.offer button').first().focus();
	await rider.keyboard.press('Enter');
	await until('the promise', 10, async () => await state(rider) === 'promised');
	assert.match(await rider.locator('.code strong').innerText(), /^\d{4}$/);
	await rider.waitForTimeout(1500);
	await accessible(rider, 'ride');
	await shot(rider, 'rider-promised');
	await rider.getByRole('button', { name: 'I am coming' }).click({ timeout: 5000 }).catch(() => {});
});
await step('the link alone opens the ride again', async () => {
	const again = await open(new URL(rider.url()).pathname + new URL(rider.url()).hash, { language: 'de-DE', width: 390, height: 844 });
	await again.locator('.code strong').waitFor();
	assert.match(await again.locator('.ride h2').innerText(), /zugesagt|wartet/i);
	await again.waitForTimeout(1500);
	await accessible(again, 'ride on a phone, in German');
	await shot(again, 'rider-phone-german');
	await again.context().close();
});
await step('follow, board, arrive', async () => {
	/* the shuttle waits two minutes of service only: whoever comes slowly says so, and boards as soon as it is there */
	let pressed = 0;
	await until('aboard', 150, async () => {
		const now = await state(rider);
		assert.ok(['promised', 'at_stop', 'aboard', 'done'].includes(now), `the ride is ${now}`);
		if (now === 'at_stop' && pressed++ % 20 === 0) {
			await rider.locator('.actions .primary').click({ timeout: 5000 }).catch(() => {});
			await shot(rider, 'rider-at-stop');
		}
		return ['aboard', 'done'].includes(now);
	});
	await shot(rider, 'rider-aboard');
	await until('arrived', 150, async () => await state(rider) === 'done');
	await accessible(rider, 'arrived');
	assert.ok(await rider.locator('.notices li').count() >= 2);
	await rider.context().close();
});
await step('wheelchair rider books and cancels', async () => {
	const page = await open('/');
	await page.waitForSelector('.place-from input');
	await page.locator('.needs summary').click();
	await page.getByRole('button', { name: 'Wheelchair: More' }).click();
	await page.getByRole('button', { name: 'Seat: Fewer', exact: true }).click();
	await offersFor(page, levelFrom, levelTo);
	await page.locator('.offer button').first().click();
	await until('the promise', 10, async () => await state(page) === 'promised');
	await page.getByRole('button', { name: 'Cancel ride' }).click();
	await page.locator('.actions .danger').click();
	await until('cancelled', 10, async () => await state(page) === 'cancelled');
	await page.context().close();
});
await step('places by click on the map', async () => {
	const page = await open('/');
	await page.waitForSelector('#map[data-map="ready"]');
	const box = await page.locator('#map').boundingBox();
	await page.mouse.click(box.x + box.width / 2 - 60, box.y + box.height / 2);
	await page.mouse.click(box.x + box.width / 2 + 40, box.y + box.height / 2 + 30);
	assert.match(await page.locator('.place-to input').inputValue(), /map/);
	assert.equal(await page.locator('.pin').count(), 2);
	await page.context().close();
});
await step('without WebGL the page still books', async () => {
	const page = await open('/');
	await page.context().addInitScript(() => {
		const real = HTMLCanvasElement.prototype.getContext;
		HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind.startsWith('webgl') ? null : real.call(this, kind, ...rest); };
	});
	page.expectErrors = true;
	await page.reload();
	await offersFor(page);
	await page.locator('.offer').first().waitFor();
	await page.locator('.map.no-map').waitFor();
	await page.context().close();
	problems.splice(0);
});
await step('without script a plain hint', async () => {
	const page = await open('/', { javaScriptEnabled: false });
	assert.match(await page.locator('body').innerText(), /rufen Sie/);
	await page.context().close();
});

const room = await open('/operator', { language: 'de-DE', width: 1400, height: 900 });
const login = async (secret) => {
	await room.locator('input[type=password]').fill(secret);
	await room.locator('input[type=text]').fill('Ada Test');
	await room.locator('button[type=submit]').click();
};
await step('control room: a wrong token opens nothing', async () => {
	await accessible(room, 'login');
	room.expectErrors = true;
	await login('wrong-wrong-wrong-wrong');
	await room.locator('[role=alert]').waitFor();
	room.expectErrors = false;
	problems.splice(0);
});
await step('control room: fleet on the map and in the list', async () => {
	await login(token);
	await room.waitForSelector('#map[data-vehicles="6"]');
	assert.equal(await room.locator('.fleet > li').count(), 6);
	await room.locator('[data-vehicle="1"] button').first().click();
	await room.locator('.details').waitFor();
	await room.waitForTimeout(1500);
	await shot(room, 'operator');
	await accessible(room, 'control room');
});
await step('control room: sign on', async () => {
	await room.getByRole('button', { name: /Dienst beginnen/ }).click();
	await until('on duty', 10, async () => (await get('/api/v1/operator/supervisors')).supervisors.some((item) => item.who === 'Ada Test'));
});
await step('control room: hold with a reason, and on', async () => {
	const details = room.locator('[data-vehicle="1"] .details');
	room.expectErrors = true;
	await details.getByRole('button', { name: /Am nächsten Halt warten/ }).click();
	await room.locator('dialog input').fill('Baustelle');
	await accessible(room, 'dialog');
	/* at twenty times the clock the plan may have changed since it was seen: then the dialog says so, and one looks again */
	const send = async () => {
		await room.locator('dialog button[type=submit]').click({ timeout: 2000 }).catch(() => {});
		await room.waitForTimeout(700);
	};
	const held = async () => (await get('/api/v1/operator/fleet')).vehicles[0].held;
	await until('held', 30, async () => await held() || (await send(), false));
	await details.getByRole('button', { name: 'Weiterfahren' }).click();
	await room.locator('dialog input').fill('frei');
	await until('resumed', 30, async () => !await held() || (await send(), false));
	room.expectErrors = false;
});
await step('control room: book for a caller', async () => {
	await room.getByRole('button', { name: 'Für Anrufer buchen' }).click();
	await room.locator('dialog .place-from input').waitFor();
	await accessible(room, 'caller');
	await offersFor(room, to, from);
	await room.locator('dialog .offer button').first().click();
	await room.locator('dialog .story li').first().waitFor();
	await shot(room, 'operator-story');
	await accessible(room, 'story');
	await room.locator('dialog .close button').click();
});
await step('control room: STOP ALL reaches the shuttles', async () => {
	await room.locator('.stop-all').click();
	await room.locator('dialog .danger').click();
	await until('all stand', 15, async () => (await get('/api/v1/operator/fleet')).vehicles.every((vehicle) => vehicle.standstill && vehicle.speed_mm_s === 0));
	await room.waitForTimeout(1500);
	await shot(room, 'operator-standstill');
	await accessible(room, 'standstill');
});

await browser.close();
rmSync(profile, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
