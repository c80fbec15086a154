// What both pages begin and end with.
import { get, type Point, type RidePlace, type Stop, type Town } from './api';
import { clockSpeed, dayOf, serviceNow, setClock, timeOf } from './clock';
import { h } from './dom';
import { language, price, t } from './words';

export async function loadTown(): Promise<{ town: Town; stops: Stop[] }> {
	const [town, { stops }] = await Promise.all([get<Town>('/api/v1/town'), get<{ stops: Stop[] }>('/api/v1/stops')]);
	setClock(town.clock.now, town.clock.speed_permille, town.clock.time_zone);
	return { town, stops };
}

/** "(c) OpenStreetMap contributors" stands wherever the map does, and whose timetable it is. */
export function attribution(town: Town): HTMLElement {
	let text = town.attribution ?? '';
	if (!town.generated && !/openstreetmap/i.test(text))
		text = `© OpenStreetMap contributors${text ? `; ${text}` : ''}`;
	const feeds = town.feeds.map((feed) => feed.publisher ?? '').filter((publisher) => publisher && !text.includes(publisher));
	return h('div', { class: 'attribution' }, [text.replace(/\(c\)/gi, '©'), ...new Set(feeds)].join('; '));
}

/** A stop in words: name, street, and which side of it. */
export function placeText(at: RidePlace): string {
	const street = at.name && at.street && !at.name.includes(at.street) ? at.street : '';
	return [at.name ?? at.street ?? '', street, at.side?.message ?? ''].filter(Boolean).join(', ');
}

/** " (+4 min)", or nothing when it is about in time. */
export function lateText(seconds: number): string {
	const minutes = Math.round(seconds / 60);
	return minutes === 0 ? '' : ` (${minutes > 0 ? '+' : '−'}${Math.abs(minutes)} min)`;
}

/** The same page in the other language. */
export function languageSwitch(): HTMLElement {
	const other = language === 'de' ? 'en' : 'de';
	return h('a', { class: 'language', href: `?lang=${other}`, lang: other, hreflang: other, onclick: (event: Event) => {
		event.preventDefault();
		location.assign(`?lang=${other}${location.hash}`);
	} }, t('otherLanguage'));
}

export function honesty(town: Town): HTMLElement {
	const labels = [town.generated ? t('generated') : '', town.feeds.some((feed) => feed.invented) ? t('invented') : '', town.live_invented ? t('liveInvented') : ''].filter(Boolean);
	return h('div', { class: 'honesty', hidden: labels.length === 0 }, labels.map((label) => h('span', { class: 'label' }, label)));
}

/** What the map shows, for those who cannot see it: read by tests and by whoever automates the page. */
export function noteFleet(box: HTMLElement, vehicles: Point[]): void {
	box.dataset['vehicles'] = String(vehicles.length);
	box.dataset['positions'] = vehicles.map((vehicle) => `${vehicle.lat},${vehicle.lon}`).join(' ');
}

export function clockView(): HTMLElement {
	const view = h('time', { class: 'clock' });
	const show = () => {
		view.textContent = `${dayOf(serviceNow())}, ${timeOf(serviceNow())}`;
		view.title = clockSpeed() === 1 ? '' : t('simClock', { x: clockSpeed() });
	};
	show();
	setInterval(show, 500);
	return view;
}

export function legend(): HTMLElement {
	const row = (kind: string, label: string) => h('li', {}, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), label);
	return h('ul', { class: 'legend' }, row('free', t('legendFree')), row('occupied', t('legendOccupied')), row('stop', t('legendStop')));
}

export function footer(town: Town): HTMLElement {
	const link = (path: string, word: 'privacy' | 'imprint' | 'licences' | 'plainPages') => h('li', {}, h('a', { href: `${path}?lang=${language}` }, t(word)));
	return h('footer', {},
		h('p', {}, t('hours', { a: town.rules.service_from, b: town.rules.service_to }), ' · ', town.rules.fare_cents === 0 ? t('freeRides') : t('fare', { price: price(town.rules.fare_cents) })),
		town.phone ? h('p', {}, t('phone', { n: town.phone })) : null,
		town.clock.time_zone ? h('p', {}, t('zone', { zone: town.clock.time_zone })) : null,
		h('p', {}, t('notSafety')),
		h('ul', { class: 'links' }, link('/plain', 'plainPages'), link('/privacy', 'privacy'), link('/imprint', 'imprint'), link('/licences', 'licences')));
}
