// What both pages begin and end with.
import { get, type Point, type Stop, type Town } from './api';
import { clockSpeed, dayOf, serviceNow, setClock, timeOf } from './clock';
import { h } from './dom';
import { price, t } from './words';

export async function loadTown(): Promise<{ town: Town; stops: Stop[] }> {
	const [town, { stops }] = await Promise.all([get<Town>('/api/v1/town'), get<{ stops: Stop[] }>('/api/v1/stops')]);
	setClock(town.clock.now, town.clock.speed_permille, town.clock.time_zone);
	return { town, stops };
}

/** "(c) OpenStreetMap contributors" stands wherever the map does; what is not real says so. */
export function attribution(town: Town): HTMLElement {
	let text = town.attribution ?? '';
	if (!town.generated && !/openstreetmap/i.test(text))
		text = `© OpenStreetMap contributors${text ? `; ${text}` : ''}`;
	return h('div', { class: 'attribution' }, text.replace(/\(c\)/gi, '©'));
}

export function honesty(town: Town): HTMLElement {
	const labels = [town.generated ? t('generated') : '', town.feeds.some((feed) => feed.invented) ? t('invented') : ''].filter(Boolean);
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
	const text = (word: 'privacy' | 'imprint', value: string | null) => value ? h('details', {}, h('summary', {}, t(word)), h('p', {}, value)) : null;
	return h('footer', {},
		h('p', {}, t('hours', { a: town.rules.service_from, b: town.rules.service_to }), ' · ', town.rules.fare_cents === 0 ? t('freeRides') : t('fare', { price: price(town.rules.fare_cents) })),
		town.phone ? h('p', {}, t('phone', { n: town.phone })) : null,
		h('p', {}, t('notSafety')), text('privacy', town.privacy), text('imprint', town.imprint));
}
