// Where the browser cannot draw the map: the same stops and shuttles as a list, to choose from.
import type { Stop } from './api';
import { freshId, h, replace } from './dom';
import type { MapVehicle } from './map';
import { fold } from './place';
import { t } from './words';

const shown = 40;

export interface TownList {
	vehicles(list: MapVehicle[]): void;
}

export function openList(box: HTMLElement, stops: Stop[], choose: (stop: Stop) => void): TownList {
	const id = freshId('stops'), list = h('ul', { class: 'stop-list' }), more = h('p', { class: 'hint' }), vehicles = h('ul', { class: 'vehicle-list' });
	const named = stops.filter((stop) => stop.name).sort((a, b) => (a.name ?? '').localeCompare(b.name ?? '', document.documentElement.lang));
	const input = h('input', { id, type: 'search', oninput: () => draw() });
	const draw = () => {
		const found = named.filter((stop) => fold(stop.name ?? '').includes(fold(input.value)));
		replace(list, found.slice(0, shown).map((stop) => h('li', {},
			h('button', { type: 'button', class: 'plain', onclick: () => choose(stop) }, h('strong', {}, stop.name ?? ''),
				` ${[stop.side?.message, stop.step_free === 'yes' ? t('stepFree') : ''].filter(Boolean).join(', ')}`, h('span', { class: 'hidden-text' }, `, ${t('choose')}`)))));
		more.textContent = found.length > shown ? t('listMore', { n: found.length - shown }) : '';
	};
	draw();
	box.classList.add('no-map');
	document.body.classList.add('without-map');
	box.setAttribute('aria-label', t('listTitle'));
	replace(box, h('p', {}, t('noMap')), h('h2', {}, t('listTitle')), vehicles, h('label', { htmlFor: id }, t('listSearch')), input, list, more);
	let said = '';
	return {
		vehicles(fleet) {
			const text = JSON.stringify(fleet.map((vehicle) => [vehicle.name, vehicle.look]));
			if (text === said)
				return;
			said = text;
			replace(vehicles, fleet.map((vehicle) => h('li', {}, h('span', { class: `swatch ${vehicle.look}`, 'aria-hidden': 'true' }), ` ${vehicle.name ?? ''}: ${t(lookWord[vehicle.look])}`)));
		},
	};
}

const lookWord = { free: 'freeShuttle', occupied: 'occupied', out: 'legendOut', trouble: 'legendOut' } as const;
