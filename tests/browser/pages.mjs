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

const only = new RegExp(process.env.ZUB_ONLY ?? ''); // some steps alone, for who works on them
async function step(name, run) {
	if (!only.test(name))
		return;
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
	for (const end = Date.now() + seconds * 1000 * patience; Date.now() < end;) {
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
/** Only the tabulator key: what cannot be reached so cannot be used by many. */
async function tabTo(page, what, most = 40) {
	for (let i = 0; i < most; i++) {
		await page.keyboard.press('Tab');
		if (await page.evaluate((selector) => document.activeElement?.matches(selector), what))
			return;
	}
	throw new Error(`${what} was not reached by ${most} tabs`);
}
/** Nothing is cut off sideways: neither on a phone nor at twice the size. */
async function fits(page, what) {
	const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
	assert.ok(wide <= seen, `${what}: ${wide} px wide on ${seen} px`);
}
const book = async (page) => {
	await page.locator('.offer button').first().click();
	/* on a slow machine an offer may be gone meanwhile: then there are fresh ones to choose from */
	await until('the promise', 15, async () => {
		/* where a shuttle stands already it may be at the stop before this looks */
		if (await page.locator('.ride[data-state=promised], .ride[data-state=at_stop]').count())
			return true;
		await page.locator('.message[role=alert] ~ .offer button').first().click({ timeout: 500 }).catch(() => {});
		return false;
	});
};

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
	await rider.evaluate(() => { document.activeElement?.blur(); });
	await tabTo(rider, '.place-from input');
	await rider.keyboard.type(from.name, { delay: 5 });
	await rider.locator('.place-from [role=option]').first().waitFor();
	await rider.keyboard.press('ArrowDown');
	await rider.keyboard.press('Enter');
	await tabTo(rider, '.place-to input');
	await rider.keyboard.type(to.name, { delay: 5 });
	await rider.locator('.place-to [role=option]').first().waitFor();
	await rider.keyboard.press('ArrowDown');
	await rider.keyboard.press('Enter');
	await tabTo(rider, 'button[type=submit]');
	await rider.keyboard.press('Enter');
	await rider.locator('.offer').first().waitFor();
	await accessible(rider, 'offers');
	await shot(rider, 'rider-offers');
	await tabTo(rider, '.offer button');
	await rider.keyboard.press('Enter');
	await until('the promise', 10, async () => await state(rider) === 'promised');
	assert.match(await rider.locator('.code strong').innerText(), /^\d{4}$/);
	await rider.waitForTimeout(1500);
	await accessible(rider, 'ride');
	await shot(rider, 'rider-promised');
	await rider.getByRole('button', { name: 'I am coming' }).click({ timeout: 5000 }).catch(() => {});
	assert.match(await rider.locator('.facts').innerText(), /side of the street/);
});
await step('the link alone opens the ride again', async () => {
	const again = await open(new URL(rider.url()).pathname + new URL(rider.url()).hash, { language: 'de-DE', width: 390, height: 844 });
	await again.locator('.code strong').waitFor();
	assert.match(await again.locator('.ride h2').innerText(), /zugesagt|wartet/i);
	await again.waitForTimeout(1500);
	await accessible(again, 'ride on a phone, in German');
	await fits(again, 'ride on a phone, in German');
	await shot(again, 'rider-phone-german');
	await again.context().close();
});
/* takes its time: other things happen meanwhile */
const followed = process.env.ZUB_ONLY ? Promise.resolve() : (async () => {
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
})().catch((error) => error);
await step('wheelchair rider books and cancels', async () => {
	const page = await open('/', { width: 640, height: 400 }); /* 1280 x 800 at twice the size */
	await page.waitForSelector('.place-from input');
	await page.locator('.needs summary').click();
	await page.getByRole('button', { name: 'Wheelchair: More' }).click();
	await page.getByRole('button', { name: 'Seat: Fewer', exact: true }).click();
	await offersFor(page, levelFrom, levelTo);
	await page.locator('.offer').first().waitFor();
	await fits(page, 'offers at twice the size');
	await book(page);
	await page.getByRole('button', { name: 'Cancel ride' }).click();
	await page.locator('.actions .danger').click();
	await until('cancelled', 10, async () => await state(page) === 'cancelled');
	await page.context().close();
});
await step('to a train: the departure is on the ticket', async () => {
	/* a stop where something leaves in an hour or so, and one to come from */
	const now = Date.parse((await get('/api/v1/town')).clock.now);
	const after = new Date(now + 60 * 60000).toISOString();
	let station = null;
	for (const stop of named.filter((item) => item.departures && far(item, from) > 0.5)) {
		const { departures } = await get(`/api/v1/departures?stop=${stop.stop}&kind=departures&after=${after}`);
		if (departures.length > 3) {
			station = stop;
			break;
		}
	}
	assert.ok(station, 'a station');
	const page = await open('/?lang=de', { language: 'en-US', reducedMotion: 'reduce' });
	await page.locator('label', { hasText: 'Zu Zug oder Bus' }).click();
	await choose(page, 'from', from.name);
	await choose(page, 'to', station.name);
	await page.locator('.train select').waitFor();
	const options = page.locator('.train option'), n = await options.count();
	assert.ok(n > 3);
	await page.locator('.train select').selectOption({ index: Math.min(8, n - 1) });
	const wished = (await options.nth(Math.min(8, n - 1)).innerText()).match(/\d\d:\d\d/)[0];
	await accessible(page, 'choosing a train');
	await shot(page, 'rider-train-german');
	await page.locator('form button[type=submit]').click();
	await book(page);
	assert.ok((await page.locator('.facts').innerText()).includes(wished), `the ticket names the departure at ${wished}`);
	await shot(page, 'rider-train-ticket-german');
	await page.getByRole('button', { name: 'Fahrt stornieren' }).click();
	await page.locator('.actions .danger').click();
	await until('cancelled', 10, async () => await state(page) === 'cancelled');
	await page.context().close();
});
await step('from door to door with train and bus', async () => {
	const page = await open('/', { width: 390, height: 844 });
	await choose(page, 'from', from.name);
	await choose(page, 'to', to.name);
	await page.getByRole('button', { name: 'With train and bus' }).click();
	await page.locator('.journeys .offer').first().waitFor();
	await accessible(page, 'journeys');
	await fits(page, 'journeys');
	await shot(page, 'rider-journeys-phone');
	await page.context().close();
});
await step('umlauts and other spellings are found, and both languages are a press away', async () => {
	const page = await open('/', { language: 'en-US' });
	const umlaut = named.find((stop) => /[äöüß]/.test(stop.name));
	if (umlaut) {
		await page.locator('.place-from input').focus();
		await page.keyboard.type(umlaut.name.toUpperCase().replaceAll('Ä', 'AE').replaceAll('Ö', 'OE').replaceAll('Ü', 'UE').replaceAll('ß', 'ss'), { delay: 2 });
		await page.locator('.place-from [role=option]', { hasText: umlaut.name }).first().waitFor();
	}
	await page.locator('.language').click();
	await page.locator('html[lang=de]').waitFor();
	await page.getByRole('button', { name: 'Angebote zeigen' }).waitFor();
	await page.context().close();
});
await step('places by click on the map', async () => {
	const page = await open('/');
	await page.waitForSelector('#map[data-map="ready"]');
	const box = await page.locator('#map').boundingBox();
	await page.mouse.click(box.x + box.width / 2 - 60, box.y + box.height / 2);
	await page.mouse.click(box.x + box.width / 2 + 40, box.y + box.height / 2 + 30);
	const known = new Set(stops.map((stop) => stop.name));
	for (const field of ['from', 'to']) { /* a stop when one lies under the pointer */
		const text = await page.locator(`.place-${field} input`).inputValue();
		assert.ok(/map/.test(text) || known.has(text), text);
	}
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
	await page.locator('.map.no-map').waitFor();
	await page.locator('.stop-list button', { hasText: from.name }).first().or(page.locator('.no-map input')).first().waitFor();
	for (const stop of [from, to]) { /* the list in place of the map */
		await page.locator('.no-map input').fill(stop.name);
		await page.locator('.stop-list button', { hasText: stop.name }).first().click();
	}
	await accessible(page, 'without WebGL');
	await shot(page, 'rider-without-map');
	await page.locator('form button[type=submit]').click();
	await book(page);
	await page.getByRole('button', { name: 'Cancel ride' }).click();
	await page.locator('.actions .danger').click();
	await until('cancelled', 10, async () => await state(page) === 'cancelled');
	await page.context().close();
	problems.splice(0);
});

/* ---- script off ---- */
/* axe needs script: it looks at copies of the pages in a window of its own, afterwards, since offers do not wait for it */
const plainPages = [];
const keepPlain = async (page, what) => plainPages.push([what, (await page.content()).replace('<head>', `<head><base href="${base}">`)]);
async function plainAccessible() {
	const twin = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'de-DE' });
	const copy = await twin.newPage();
	let html = '';
	await copy.route('http://twin.invalid/', (route) => route.fulfill({ contentType: 'text/html', body: html }));
	for (const [what, text] of plainPages.splice(0)) {
		html = text;
		await copy.goto('http://twin.invalid/');
		await accessible(copy, what);
		await fits(copy, what);
	}
	await twin.close();
}
await step('script off: book, follow, cancel', async () => {
	const page = await open('/', { javaScriptEnabled: false, language: 'de-DE', width: 390, height: 844 });
	await page.locator('noscript a[hreflang=de]').or(page.locator('a[href="/plain?lang=de"]')).first().click();
	await page.locator('#from').fill(from.name);
	await page.locator('#to').fill('<b>straße</b>');
	await keepPlain(page, 'plain form');
	await page.locator('button.primary').click();
	await page.locator('.found, .wrong').first().waitFor(); /* several streets, or none: said in its field */
	await keepPlain(page, 'plain choice');
	await shot(page, 'plain-choice-german');
	await page.locator('button.quiet').click();
	await page.locator('#q').fill(to.name);
	await page.locator('.search button').click();
	await keepPlain(page, 'plain stops');
	await page.locator('button[name=to_stop]').first().click();
	assert.ok((await page.locator('#to').inputValue()).startsWith(to.name.slice(0, 6)));
	await page.locator('button.primary').click();
	await page.locator('.offer').first().waitFor();
	await keepPlain(page, 'plain offers');
	await shot(page, 'plain-offers-german');
	await page.locator('button.primary').click();
	await page.locator('.code strong').waitFor();
	assert.match(await page.locator('.state').innerText(), /zugesagt|wartet/i);
	await keepPlain(page, 'plain ride');
	await shot(page, 'plain-ride-german');
	await page.getByRole('button', { name: 'Ich komme' }).click();
	await page.getByText('Das Shuttle weiß').waitFor();
	await page.getByRole('link', { name: 'Fahrt stornieren' }).click();
	await keepPlain(page, 'plain cancelling');
	await page.locator('button.danger').click();
	await page.locator('.state', { hasText: 'storniert' }).waitFor();
	await page.getByRole('link', { name: 'English' }).click();
	await page.locator('.state', { hasText: 'cancelled' }).waitFor();
	await page.context().close();
	await plainAccessible();
});
await step('privacy, imprint, licences', async () => {
	const page = await open('/privacy?lang=en', { colorScheme: 'dark' });
	assert.match(await page.locator('main').innerText(), /has not provided a privacy notice/);
	await accessible(page, 'privacy, dark');
	await page.getByRole('link', { name: 'Imprint' }).click();
	await page.getByText('Stadtwerke <b>Prüfstadt</b>').waitFor(); /* the operator's text, and nothing but text */
	assert.equal(await page.locator('main p').count(), 2);
	await page.getByRole('link', { name: 'Licences' }).click();
	await page.getByText('maplibre-gl').first().waitFor();
	await accessible(page, 'licences');
	await shot(page, 'plain-licences-dark');
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
	const hostile = '<img src=x onerror="document.title=1">';
	await room.locator('dialog input[type=text][maxlength="90"]').fill(hostile);
	await room.locator('dialog input[type=tel]').fill('0621 1234');
	await room.locator('dialog label', { hasText: 'Abfahrt um' }).click();
	await offersFor(room, to, from);
	await room.locator('dialog .offer button').first().click();
	await room.locator('dialog .story li').first().waitFor();
	assert.equal(await room.locator('dialog .contact').innerText(), `${hostile} · 0621 1234`);
	assert.equal(await room.locator('dialog img').count(), 0);
	await shot(room, 'operator-story');
	await accessible(room, 'story');
	await room.locator('dialog .close button').click();
});
await step('control room: a vehicle goes out of service, its riders are told', async () => {
	const page = await open('/', { language: 'en-US' });
	await page.locator('label', { hasText: 'Leave at' }).click();
	await offersFor(page, from, to);
	await book(page);
	const name = (await page.locator('.facts dd').last().innerText()).trim(), link = new URL(page.url()).hash.split('/').pop();
	const shuttle = (await get('/api/v1/operator/fleet')).vehicles.find((vehicle) => vehicle.name === name);
	assert.ok(shuttle, name);
	const row = room.locator(`[data-vehicle="${shuttle.vehicle}"]`);
	if (await row.locator('.details').count() === 0)
		await row.locator('button').first().click();
	room.expectErrors = true;
	await until('out of service', 40, async () => {
		const seen = (await get('/api/v1/operator/fleet')).vehicles.find((vehicle) => vehicle.vehicle === shuttle.vehicle);
		if (seen.service === 'out' || seen.service === 'ending')
			return true;
		if (!await room.locator('dialog[open]').count()) {
			await row.getByRole('button', { name: 'Außer Dienst' }).click({ timeout: 10000 }).catch(() => {});
			await room.locator('dialog input').fill('Reifen', { timeout: 10000 }).catch(() => {});
		}
		/* refused when the plan has changed since it was seen: look again, send again */
		await room.locator('dialog button[type=submit]').click({ timeout: 10000 }).catch(() => {});
		return false;
	});
	room.expectErrors = false;
	await page.locator('.notices', { hasText: /Another shuttle|cannot keep/ }).waitFor();
	const { ride } = await get(`/api/v1/rides/${link}`);
	assert.ok(ride.state.code === 'broken' || ride.vehicle?.name !== name, 'another shuttle, or a person takes care');
	await shot(page, 'rider-told');
	await accessible(page, 'told');
	await page.context().close();
});
await step('too far from a stop: the walk that would do is named, and one press asks for it', async () => {
	const away = (place) => Math.min(...stops.map((stop) => far(stop, place)));
	let house = null;
	for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
		const { results } = await get(`/api/v1/search?q=${letter}`);
		house ??= results.find((place) => place.kind === 'house' && away(place) > 0.15 && away(place) < 0.6 && far(place, to) > 0.8);
	}
	assert.ok(house, 'a house away from all stops');
	const page = await open('/');
	await choose(page, 'from', house.text);
	await choose(page, 'to', to.name);
	await page.locator('.walk select').selectOption('100');
	await page.locator('form button[type=submit]').click();
	const proposal = page.getByRole('button', { name: /^Walk \d+ m$/ });
	await proposal.waitFor();
	assert.match(await page.locator('.message').innerText(), /With a walk of \d+ m it would work: from/);
	await accessible(page, 'refused');
	await shot(page, 'rider-refused');
	await proposal.click();
	await page.locator('.offer').first().waitFor();
	await page.context().close();
});
await step('control room: pause with a reason; riders are refused in plain words', async () => {
	const submit = async (reason) => {
		await room.locator('dialog input').fill(reason);
		await room.locator('dialog button[type=submit]').click();
	};
	await room.getByRole('button', { name: 'Buchungen anhalten' }).click();
	await submit('Sturm');
	await until('paused', 10, async () => (await get('/api/v1/town')).bookings === 'paused');
	const page = await open('/plain?lang=en', { javaScriptEnabled: false });
	assert.match(await page.locator('main').innerText(), /paused at the moment/);
	await page.locator('#from').fill(from.name);
	await page.locator('#to').fill(to.name);
	await page.locator('button.primary').click();
	assert.match(await page.locator('[role=alert]').innerText(), /paused[^]*later/);
	await shot(page, 'plain-refusal');
	await page.context().close();
	await room.getByRole('button', { name: 'Buchungen öffnen' }).click();
	await submit('vorbei');
	await until('open again', 10, async () => (await get('/api/v1/town')).bookings === 'open');
});
await step('control room: a street is closed, and as usual again', async () => {
	await room.getByRole('button', { name: 'Straße sperren…' }).click();
	await accessible(room, 'close a street');
	await choose(room, 'closure', to.name);
	await room.locator('dialog').getByLabel('Grund').fill('Kran');
	await room.locator('dialog').getByRole('button', { name: 'Senden' }).click();
	await room.locator('.closures .trouble').filter({ hasText: 'Kran' }).waitFor({ timeout: 10000 * patience });
	await shot(room, 'operator-closure');
	const { closures } = await get('/api/v1/operator/closures');
	if (closures.length !== 1 || closures[0].streets.length === 0 || closures[0].slow_percent !== 0)
		throw new Error(`closures: ${JSON.stringify(closures)}`);
	await room.getByRole('button', { name: 'Wieder wie sonst' }).click();
	await room.locator('dialog').getByLabel('Grund').fill('Kran ist weg');
	await room.locator('dialog').getByRole('button', { name: 'Senden' }).click();
	await until('the street is open', 10, async () => (await get('/api/v1/operator/closures')).closures.length === 0);
});
await step('control room: snow begins, and is over', async () => {
	const snows = async () => (await get('/api/v1/operator/conditions')).conditions.some((condition) => condition.name === 'Schnee' && condition.on);
	await room.getByRole('button', { name: 'Beginnt: Schnee' }).click();
	await accessible(room, 'a condition');
	await room.locator('dialog').getByLabel('Grund').fill('Wetterdienst');
	await room.locator('dialog').getByRole('button', { name: 'Senden' }).click();
	await room.locator('.closures .trouble').filter({ hasText: 'Schnee gilt zurzeit' }).waitFor({ timeout: 10000 * patience });
	assert.ok(await snows());
	await shot(room, 'operator-condition');
	await room.getByRole('button', { name: 'Vorbei: Schnee' }).click();
	await room.locator('dialog').getByLabel('Grund').fill('geräumt');
	await room.locator('dialog').getByRole('button', { name: 'Senden' }).click();
	await until('the snow is over', 10, async () => !await snows());
	await room.getByRole('button', { name: 'Beginnt: Schnee' }).waitFor({ timeout: 10000 * patience });
});
await step('control room: a shift, and handing over', async () => {
	const row = room.locator('[data-vehicle="1"]');
	if (await row.locator('.details').count() === 0)
		await row.locator('button').first().click();
	await row.getByRole('button', { name: 'Schicht' }).click();
	const until_ = new Date(Date.parse((await get('/api/v1/town')).clock.now) + 30 * 3600_000).toISOString().slice(0, 16);
	await room.locator('dialog input[type=datetime-local]').nth(1).fill(until_);
	await room.locator('dialog input[type=text]').fill('Dienstplan');
	await accessible(room, 'shift');
	await room.locator('dialog button[type=submit]').click();
	await until('the shift', 10, async () => (await get('/api/v1/operator/fleet')).vehicles[0].shift_to !== null);
	await room.getByRole('button', { name: 'Dienst beenden' }).click();
	await accessible(room, 'handing over');
	await shot(room, 'operator-handover');
	await room.locator('dialog .close button').click();
});
await step('planning: the day so far, a report in a sandbox', async () => {
	const page = await room.context().newPage();
	page.setDefaultTimeout(120000);
	await page.goto(base + '/planner?lang=de');
	await page.locator('input[type=password]').fill(token);
	await page.locator('input[type=text]').fill('Ada Test');
	await page.locator('button[type=submit]').click();
	await page.locator('.figures dd').first().waitFor();
	assert.ok(Number(await page.locator('.figures dd').first().innerText()) > 3);
	await page.getByRole('button', { name: 'test-day' }).click();
	await page.frameLocator('iframe').getByText('script ran without an origin').waitFor();
	await accessible(page, 'planning');
	await shot(page, 'planner-german');
	await page.close();
});
await step('the first rider was followed to the end', async () => {
	const error = await followed;
	if (error instanceof Error)
		throw error;
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
