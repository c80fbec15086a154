// Streets that are closed or slow for a while, and conditions of the whole town (snow): listed, drawn on the map, set and lifted by a
// person with a reason.
import type { Closure, Condition, Found, Point, Stop } from './api';
import { fieldOf, instantOf, serviceNow, whenOf } from './clock';
import { h, morph } from './dom';
import { me } from './login';
import { PlaceField } from './place';
import { t } from './words';

interface Desk {
	stops(): Stop[];
	order(path: string, body: unknown): Promise<boolean>;
	ask(title: string, act: (reason: string) => Promise<boolean>, hint?: string): void;
	dialog(title: string, ...children: (Node | string | null)[]): void;
	closeWhen(done: Promise<boolean>): void;
	draw(lines: Point[][]): void;
}

export class Closures {
	readonly list = h('ul', { class: 'closures' });
	readonly switches = h('p', { class: 'tools' });
	private known = '';
	constructor(private readonly desk: Desk) {
	}

	show(closures: Closure[], found: Found[], conditions: Condition[]): void {
		if (JSON.stringify([closures, found, conditions]) === this.known)
			return;
		this.known = JSON.stringify([closures, found, conditions]);
		this.desk.draw([...closures.flatMap((closure) => closure.streets), ...found].map((street) => street.line));
		const lines = [...conditions.filter((condition) => condition.on).map((condition) => this.condition(condition)), ...closures.map((closure) => this.line(closure)), ...this.found(found)];
		morph(this.switches, conditions.filter((condition) => !condition.on).map((condition) => this.turn(condition)));
		morph(this.list, lines.length === 0 ? [h('li', { class: 'nothing' }, t('noClosures'))] : lines);
	}

	/** One line for all that vehicles found: the slowest part of each street. */
	private found(found: Found[]): HTMLElement[] {
		const slowest = new Map<string, number>();
		for (const street of found)
			slowest.set(street.name || t('namelessStreet'), Math.max(street.slow_percent, slowest.get(street.name || t('namelessStreet')) ?? 0));
		const names = [...slowest].map(([name, percent]) => `${name} (${percent} %)`).join(', ');
		return slowest.size === 0 ? [] : [h('li', { 'data-key': 'found' }, h('span', {}, h('strong', {}, t('foundSlow')), ` ${names}`))];
	}

	private condition(condition: Condition): HTMLElement {
		return h('li', { class: 'trouble', 'data-key': `condition ${condition.name}` }, h('span', {}, h('strong', {}, condition.name), ` ${t('conditionHolds')}`), this.turn(condition));
	}

	private turn({ name, on }: Condition): HTMLElement {
		const title = t(on ? 'conditionEnd' : 'conditionBegin', { name });
		return h('button', { type: 'button', 'data-key': `turn ${name}`, onclick: () => this.desk.ask(title, (reason) =>
			this.desk.order('conditions', { name, on: !on, by: me(), reason }), on ? undefined : t('conditionHint')) }, title);
	}

	private line(closure: Closure): HTMLElement {
		const names = [...new Set(closure.streets.map((street) => street.name || t('namelessStreet')))].join(', ');
		const how = closure.slow_percent ? t('slowStreet', { n: closure.slow_percent }) : t('closedStreet');
		return h('li', { class: 'trouble', 'data-key': closure.closure },
			h('span', {}, h('strong', {}, names), ` ${how} · ${closure.reason} (${closure.by})`, closure.until ? ` · ${t('until')} ${whenOf(closure.until)}` : ''),
			h('button', { type: 'button', 'data-key': `lift${closure.closure}`, onclick: () => this.desk.ask(`${names}: ${t('openStreet')}`, (reason) =>
				this.desk.order(`closures/${closure.closure}/lift`, { reason: `${me()}: ${reason}` })) }, t('openStreet')));
	}

	/** Which street: the one nearest to an address or a stop, from junction to junction. */
	ask(): void {
		const place = new PlaceField(t('whichStreet'), 'closure', () => this.desk.stops(), () => {}, () => {});
		const how = h('select', {}, h('option', { value: '0' }, t('closedStreet')), [150, 200, 300, 500].map((n) => h('option', { value: String(n) }, t('slowStreet', { n }))));
		const one = h('input', { type: 'checkbox' }), until = h('input', { type: 'datetime-local', min: fieldOf(serviceNow()) }), reason = h('input', { type: 'text', required: true, maxLength: 90 });
		this.desk.dialog(t('closeStreet'), h('form', { class: 'form', onsubmit: (event: Event) => {
			event.preventDefault();
			if (!place.chosen) {
				place.invalid();
				return;
			}
			this.desk.closeWhen(this.desk.order('closures', {
				points: [{ lat: place.chosen.lat, lon: place.chosen.lon }], one_direction: one.checked, slow_percent: Number(how.value), by: me(), reason: reason.value.trim(),
				...(until.value ? { until: instantOf(until.value) } : {}),
			}));
		} }, place.element, h('p', { class: 'hint' }, t('streetHint')), h('label', {}, t('howClosed'), how), h('label', { class: 'tick' }, one, t('oneDirection')),
		h('label', {}, t('untilMaybe'), until), h('label', {}, t('reason'), reason), h('button', { class: 'primary', type: 'submit' }, t('send'))));
		place.focus();
	}
}
