// A field for a place: type to search (a combobox as the ARIA practices describe it), or click on the map.
import { get, type Found, type Point, type Stop, type Town } from './api';
import { freshId, h, replace } from './dom';
import { t } from './words';

export interface Chosen extends Point { text: string; stop?: number }

/** As the address search folds names: "Südstraße", "SUEDSTRASSE" and "sudstrasse" are the same. */
export function fold(text: string): string {
	return text.toLowerCase().replaceAll('ß', 'ss').normalize('NFD').replace(/\p{M}/gu, '').replace(/([aou])e/g, '$1').replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

/** Inside the service area? Without an area everything is. Even-odd rule over all rings. */
export function inArea(town: Town, point: Point): boolean {
	let inside = false;
	for (const ring of town.area)
		ring.forEach((a, i) => {
			const b = ring[(i + 1) % ring.length] as Point;
			if ((a.lat > point.lat) !== (b.lat > point.lat) && point.lon < (b.lon - a.lon) * (point.lat - a.lat) / (b.lat - a.lat) + a.lon)
				inside = !inside;
		});
	return inside || town.area.length === 0;
}

export class PlaceField {
	/** Suggest only stops where trains or buses call. */
	onlyDepartures = false;
	readonly element: HTMLElement;
	chosen: Chosen | null = null;
	private readonly input: HTMLInputElement;
	private readonly list: HTMLUListElement;
	private readonly said: HTMLElement;
	private readonly note = h('p', { class: 'hint field-note', role: 'status' });
	private items: Chosen[] = [];
	private active = -1;
	private asked = 0;

	constructor(label: string, readonly name: string, private readonly stops: () => Stop[], private readonly changed: (field: PlaceField) => void, private readonly focused: (field: PlaceField) => void) {
		const listId = freshId('places'), inputId = freshId('place');
		this.list = h('ul', { id: listId, class: 'suggestions', role: 'listbox', 'aria-label': label, hidden: true });
		this.said = h('span', { class: 'hidden-text', 'aria-live': 'polite' });
		this.input = h('input', {
			id: inputId, type: 'text', autocomplete: 'off', spellcheck: false, placeholder: t('searchHint'), role: 'combobox', 'aria-expanded': 'false',
			'aria-controls': listId, 'aria-autocomplete': 'list', oninput: () => void this.search(), onkeydown: (event: Event) => this.key(event as KeyboardEvent),
			onfocus: () => this.focused(this), onblur: () => setTimeout(() => this.close(), 150),
		});
		this.element = h('div', { class: `place place-${name}` }, h('label', { htmlFor: inputId }, h('span', { class: `dot dot-${name}`, 'aria-hidden': 'true' }), label), this.input, this.list, this.said, this.note);
	}

	set(place: Chosen | null): void {
		this.chosen = place;
		this.input.value = place?.text ?? '';
		this.input.removeAttribute('aria-invalid');
		this.close();
		this.changed(this);
	}
	hint(text: string): void {
		this.note.textContent = text;
	}
	focus(): void {
		this.input.focus();
	}
	invalid(): void {
		this.input.setAttribute('aria-invalid', 'true');
		this.input.focus();
	}

	private async search(): Promise<void> {
		const query = this.input.value.trim(), turn = ++this.asked;
		this.chosen = null;
		if (query.length < 2) {
			this.close();
			return;
		}
		const found = await get<{ results: Found[] }>(`/api/v1/search?q=${encodeURIComponent(query)}`).catch(() => ({ results: [] }));
		if (turn !== this.asked) /* a later letter was typed meanwhile */
			return;
		const folded = fold(query), words = folded.split(' ');
		const stops = this.stops().filter((stop) => stop.name && (!this.onlyDepartures || stop.departures) && words.every((word) => fold(stop.name ?? '').includes(word)))
			.sort((a, b) => Number(fold(b.name ?? '').startsWith(folded)) - Number(fold(a.name ?? '').startsWith(folded))).slice(0, this.onlyDepartures ? 8 : 4);
		const twice = (stop: Stop) => stops.some((other) => other !== stop && other.name === stop.name);
		this.items = [
			...stops.map((stop) => ({ lat: stop.lat, lon: stop.lon, text: twice(stop) && stop.side ? `${stop.name ?? ''} (${stop.side.message})` : stop.name ?? '', stop: stop.stop })),
			...(this.onlyDepartures ? [] : found.results).filter((item) => !stops.some((stop) => stop.name === item.text)).map((item) => ({ lat: item.lat, lon: item.lon, text: item.text })),
		].sort((a, b) => Number(fold(b.text) === folded) - Number(fold(a.text) === folded)).slice(0, 8);
		this.open();
	}
	private open(): void {
		this.active = -1;
		replace(this.list, this.items.map((item, i) => h('li', {
			id: `${this.list.id}-${i}`, role: 'option', 'aria-selected': 'false', class: item.stop === undefined ? 'address' : 'stop',
			onmousedown: (event: Event) => { event.preventDefault(); this.set(item); },
		}, item.text)));
		this.list.hidden = this.items.length === 0;
		this.input.setAttribute('aria-expanded', String(!this.list.hidden));
		this.said.textContent = t('results', { n: this.items.length });
	}
	private close(): void {
		this.list.hidden = true;
		this.input.setAttribute('aria-expanded', 'false');
		this.input.removeAttribute('aria-activedescendant');
	}
	private key(event: KeyboardEvent): void {
		if (event.key === 'Escape')
			this.close();
		if (this.list.hidden)
			return;
		if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			event.preventDefault();
			this.mark((this.active + (event.key === 'ArrowDown' ? 1 : this.items.length - 1 + (this.active < 0 ? 1 : 0))) % this.items.length);
		} else if (event.key === 'Enter') {
			event.preventDefault();
			this.set(this.items[Math.max(0, this.active)] ?? null);
		}
	}
	private mark(index: number): void {
		this.active = index;
		Array.from(this.list.children).forEach((item, i) => item.setAttribute('aria-selected', String(i === index)));
		this.input.setAttribute('aria-activedescendant', `${this.list.id}-${index}`);
		this.list.children[index]?.scrollIntoView({ block: 'nearest' });
	}
}
