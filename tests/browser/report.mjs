// The planner's report, opened as a file: no request to anywhere, no error, no violation that axe-core finds, both languages, a phone,
// no script. Every step is one line of output.
import { createRequire } from 'node:module';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const { ZUB_REPORT: report, ZUB_CHROMIUM: executablePath, ZUB_SHOTS: shots } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const figures = JSON.parse(readFileSync(join(dirname(report), 'figures.json'), 'utf8'));
const profile = mkdtempSync(join(process.cwd(), 'profile-'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', `--crash-dumps-dir=${profile}`] });
const problems = [];
let failed = 0;

async function open({ language = 'en-US', width = 1280, height = 900, ...more } = {}) {
	const context = await browser.newContext({ viewport: { width, height }, locale: language, ...more });
	const page = await context.newPage();
	page.setDefaultTimeout(120000); /* a busy machine */
	page.on('console', (message) => { if (message.type() === 'error') problems.push(`console: ${message.text()}`); });
	page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
	page.on('request', (request) => { if (!/^(file|data):/.test(request.url())) problems.push(`request to elsewhere: ${request.url()}`); });
	await page.goto(`file://${report}`);
	return page;
}
async function accessible(page, what) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	for (const violation of violations)
		console.log(`  ${what}: ${violation.id} (${violation.help}): ${violation.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
	assert.equal(violations.length, 0, `${what}: axe-core finds ${violations.length} violations`);
}
async function step(name, run) {
	try {
		await run();
		assert.deepEqual(problems.splice(0), []);
		console.log(`ok: ${name}`);
	} catch (error) {
		failed++;
		console.log(`FAILED: ${name}\n${error.stack}`);
	}
}
const shot = (page, name, fullPage = false) => page.screenshot({ path: join(shots, `${name}.png`), fullPage });
const headings = (page) => page.locator('h2:visible').allInnerTexts();

const english = await open({ height: 1250 });
await step('English: headings, figures with intervals, attribution', async () => {
	assert.equal(await english.locator('html').getAttribute('lang'), 'en');
	assert.match((await headings(english)).join('|'), /In short.*Map.*Over the day.*Who was served.*All figures/);
	assert.match(await english.locator('dl.tiles').innerText(), /Requests\s+[\d,]+\s+[\d,]+ to [\d,]+/);
	assert.ok(figures.attribution && (await english.locator('main').innerText()).includes(figures.attribution));
	assert.match(await english.locator('main').innerText(), /Simulated, not measured/);
	await shot(english, 'report');
});
await step('English: accessible, tables open', async () => {
	for (const details of await english.locator('details').all())
		await details.evaluate((element) => { element.open = true; });
	await accessible(english, 'English');
});
await step('the map has streets, flows and stops; layers and zoom work by keyboard', async () => {
	assert.ok((await english.locator('#map .minor').getAttribute('d')).length > 1000);
	assert.ok(await english.locator('#map .stops circle').count() > 5);
	const whole = await english.locator('#map').getAttribute('viewBox');
	await english.locator('[data-zoom="0.7"]').focus();
	await english.keyboard.press('Enter');
	assert.notEqual(await english.locator('#map').getAttribute('viewBox'), whole);
	await english.locator('[data-zoom="0"]').press('Enter');
	assert.equal(await english.locator('#map').getAttribute('viewBox'), whole);
	assert.ok(!await english.locator('#map .refused').isVisible());
	await english.locator('#show-refused').press('Space');
	assert.ok(await english.locator('#map .refused').isVisible());
});
const german = await open({ language: 'de-DE', width: 390, height: 844 });
await step('German on a phone: no English left, nothing wider than the screen', async () => {
	assert.equal(await german.locator('html').getAttribute('lang'), 'de');
	assert.match((await headings(german)).join('|'), /Kurz gesagt.*Karte.*Über den Tag.*Wer bedient wurde/);
	assert.doesNotMatch(await german.locator('main').innerText(), /\b(the|riders|vehicles|waiting) \b/i);
	const { scroll, client } = await german.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
	assert.ok(scroll <= client, `the page is ${scroll} wide on a screen of ${client}`);
	await accessible(german, 'German');
	await shot(german, 'report-de-phone', true);
});
await step('the language can be changed', async () => {
	await german.getByRole('button', { name: 'English' }).press('Enter');
	assert.match((await headings(german)).join('|'), /In short/);
	await german.getByRole('button', { name: 'Deutsch' }).press('Enter');
	assert.match((await headings(german)).join('|'), /Kurz gesagt/);
});
const wide = await open({ language: 'de-DE' });
await step('German, whole page', () => shot(wide, 'report-de', true));
const plain = await open({ javaScriptEnabled: false });
await step('without script: whole, in English', async () => {
	assert.match((await headings(plain)).join('|'), /In short.*All figures/);
	assert.ok(!await plain.getByRole('button', { name: 'Deutsch' }).isVisible());
});
await browser.close();
rmSync(profile, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
