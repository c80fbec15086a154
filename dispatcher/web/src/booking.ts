// The booking form and its offers: for riders on "/", for callers in the control room.
import { ApiError, get, post, type Departure, type Need, type Offer, type Ride, type RideAnswer, type Stop, type Town } from './api';
import { fieldOf, instantOf, serviceNow, timeOf, whenOf } from './clock';
import { freshId, h, replace } from './dom';
import { PlaceField, type Chosen } from './place';
import { price, t } from './words';

export interface BookingOptions {
	town: Town;
	stops: Stop[];
	path: string;                          // where requests go
	acceptPath(ride: Ride): string;
	caller: boolean;                       // asks for name and phone
	placed(name: string, place: Chosen | null): void;
	booked(answer: RideAnswer): void;
}

export class Booking {
	readonly element = h('div', { class: 'booking' });
	readonly from: PlaceField;
	readonly to: PlaceField;
	private focusedField: PlaceField;
	private when: 'now' | 'leave_at' | 'arrive_by' = 'now';
	private readonly at: HTMLInputElement;
	private readonly counts = new Map<string, number>();
	private readonly walk: HTMLSelectElement;
	private readonly train = h('div', { class: 'train' });
	private readonly message = h('div', { class: 'message', role: 'alert' });
	private readonly name = h('input', { type: 'text', autocomplete: 'off', maxLength: 90 });
	private readonly contact = h('input', { type: 'tel', autocomplete: 'off', maxLength: 90 });
	private connection: Departure['connection'] | null = null;
	private submit!: HTMLButtonElement;

	constructor(private readonly options: BookingOptions) {
		const stops = () => options.stops;
		const changed = (field: PlaceField) => this.changed(field), focused = (field: PlaceField) => { this.focusedField = field; };
		this.from = new PlaceField(t('from'), 'from', stops, changed, focused);
		this.to = new PlaceField(t('to'), 'to', stops, changed, focused);
		this.focusedField = this.from;
		this.at = h('input', { type: 'datetime-local', 'aria-label': t('when'), hidden: true, onchange: () => void this.offerTrains() });
		const most = options.town.rules.walk_max_m;
		this.walk = h('select', { id: freshId('walk') }, [0, 100, 200, 300, 500, 800, 1200].map((metres) =>
			h('option', { value: String(metres), selected: metres === Math.min(most, 500) }, metres === 0 ? t('atDoor') : `${metres} m`)));
		for (const need of options.town.needs)
			this.counts.set(need.need, 0);
		const first = options.town.needs[0];
		if (first)
			this.counts.set(first.need, 1);
		this.form();
	}

	/** A click on the map fills the field that was used last, then goes on to the other. */
	click(place: Chosen): void {
		const field = this.focusedField;
		field.set(place);
		this.focusedField = field === this.from ? this.to : this.from;
	}
	again(): void {
		this.form();
	}

	private changed(field: PlaceField): void {
		this.options.placed(field.name, field.chosen);
		this.say('');
		void this.offerTrains();
	}
	private say(text: string, ...more: (Node | null)[]): void {
		replace(this.message, text ? h('p', {}, text) : null, more);
	}

	private form(): void {
		this.submit = h('button', { type: 'submit', class: 'primary' }, t('ask'));
		const callerFields = this.options.caller ? h('div', { class: 'row' }, h('label', {}, t('callerName'), this.name), h('label', {}, t('callerContact'), this.contact)) : null;
		replace(this.element, h('form', { class: 'form', noValidate: true, onsubmit: (event: Event) => { event.preventDefault(); void this.ask(); } },
			h('div', { class: 'places' }, this.from.element, this.to.element,
				h('button', { type: 'button', class: 'swap', title: t('swap'), 'aria-label': t('swap'), onclick: () => this.swap() }, '⇅')),
			h('p', { class: 'hint' }, t('pickOnMap')),
			this.whenField(), this.train, this.needsField(),
			h('label', { class: 'walk', htmlFor: this.walk.id }, t('walk'), this.walk),
			callerFields, this.message, this.submit));
	}
	private swap(): void {
		const from = this.from.chosen, to = this.to.chosen;
		this.from.set(to);
		this.to.set(from);
	}
	private whenField(): HTMLElement {
		const name = freshId('when');
		const choice = (value: 'now' | 'leave_at' | 'arrive_by', label: string) => h('label', {}, h('input', {
			type: 'radio', name, value, checked: this.when === value, onchange: () => this.setWhen(value),
		}), h('span', {}, label));
		return h('fieldset', { class: 'when' }, h('legend', {}, t('when')),
			h('div', { class: 'choices' }, choice('now', t('now')), choice('leave_at', t('leaveAt')), choice('arrive_by', t('arriveBy'))), this.at);
	}
	private setWhen(value: 'now' | 'leave_at' | 'arrive_by'): void {
		this.when = value;
		this.at.hidden = value === 'now';
		if (value !== 'now' && !this.at.value)
			this.at.value = fieldOf(Math.ceil((serviceNow() + 3600_000) / 300_000) * 300_000);
		void this.offerTrains();
	}
	/** Persons at once; everything else one press away, and open when something of it is chosen. */
	private needsField(): HTMLElement {
		const [first, ...others] = this.options.town.needs.map((need) => this.needRow(need));
		const open = [...this.counts].some(([need, count]) => count > 0 && need !== this.options.town.needs[0]?.need);
		return h('fieldset', { class: 'needs' }, h('legend', {}, t('who')), first ?? null,
			others.length ? h('details', { open }, h('summary', {}, t('moreNeeds')), others) : null);
	}
	private needRow(need: Need): HTMLElement {
		const count = h('output', {}, String(this.counts.get(need.need) ?? 0));
		const step = (by: number, sign: string, word: string) => h('button', { type: 'button', 'aria-label': `${need.label}: ${word}`, onclick: () => {
			const value = Math.max(0, Math.min(9, (this.counts.get(need.need) ?? 0) + by));
			this.counts.set(need.need, value);
			count.textContent = String(value);
		} }, sign);
		return h('div', { class: 'need' }, h('span', {}, need.label), step(-1, '−', t('fewer')), count, step(1, '+', t('more')));
	}

	/** From a stop with trains one can be met, to one be brought in time. */
	private async offerTrains(): Promise<void> {
		this.connection = null;
		const stop = (place: Chosen | null) => this.options.stops.find((item) => item.stop === place?.stop && item.departures);
		const to = stop(this.to.chosen), from = stop(this.from.chosen), at = to ?? from;
		replace(this.train);
		if (!at)
			return;
		const after = this.when === 'now' || !this.at.value ? new Date(serviceNow()).toISOString() : instantOf(this.at.value);
		const kind = to ? 'departures' : 'arrivals';
		const found = await get<{ departures: Departure[] }>(`/api/v1/departures?stop=${at.stop}&kind=${kind}&after=${encodeURIComponent(after)}`).catch(() => ({ departures: [] }));
		if (found.departures.length === 0)
			return;
		const id = freshId('train');
		replace(this.train, h('label', { htmlFor: id }, `${t('train')}: ${to ? t('catchTrain') : t('meetTrain')}`),
			h('select', { id, onchange: (event: Event) => { this.connection = found.departures[Number((event.target as HTMLSelectElement).value)]?.connection ?? null; } },
				h('option', { value: '-1' }, t('noTrain')),
				found.departures.map((item, i) => h('option', { value: String(i) }, `${whenOf(item.planned)} ${item.line ?? ''} ${item.headsign ?? ''}${item.invented ? ' *' : ''}`))));
	}

	private async ask(): Promise<void> {
		const from = this.from.chosen, to = this.to.chosen;
		if (!from || !to) {
			this.say(t('chooseBoth'));
			(from ? this.to : this.from).invalid();
			return;
		}
		const place = (chosen: Chosen) => chosen.stop === undefined ? { lat: chosen.lat, lon: chosen.lon } : { stop: chosen.stop };
		const body = {
			from: place(from), to: place(to), time: this.when, at: this.when === 'now' ? null : instantOf(this.at.value),
			needs: Object.fromEntries([...this.counts].filter(([, count]) => count > 0)), walk_max_m: Number(this.walk.value), connection: this.connection,
			...(this.options.caller ? { name: this.name.value || null, contact: this.contact.value || null } : {}),
		};
		this.submit.disabled = true;
		this.submit.textContent = t('asking');
		try {
			this.answered(await post<RideAnswer>(this.options.path, body));
		} catch (error) {
			this.say(error instanceof ApiError ? error.message : t('outage'));
		} finally {
			this.submit.disabled = false;
			this.submit.textContent = t('ask');
		}
	}

	private answered({ ride }: RideAnswer): void {
		if (ride.state.code === 'offered' && ride.offers.length > 0) {
			this.offers(ride, '');
			return;
		}
		const later = ride.refusal?.would_work_at ?? null;
		const fallback = ride.fallback?.phone ? h('p', {}, t('fallback', { name: ride.fallback.name ?? '', phone: ride.fallback.phone })) : null;
		this.say(ride.refusal?.message ?? ride.state.message, later ? h('p', {}, t('wouldWork', { time: whenOf(later) }), ' ',
			h('button', { type: 'button', onclick: () => this.take(later) }, t('thisTime', { time: whenOf(later) }))) : null, fallback);
	}
	private take(later: string): void {
		this.setWhen('leave_at');
		this.at.value = fieldOf(Date.parse(later));
		this.form();
		void this.ask();
	}

	private offers(ride: Ride, problem: string): void {
		const title = h('h2', { tabIndex: -1 }, t('offers'));
		replace(this.element, h('div', { class: 'offers' }, title, problem ? h('p', { class: 'message', role: 'alert' }, problem) : null,
			ride.offers_until ? h('p', { class: 'hint' }, t('offersHold', { time: timeOf(ride.offers_until) })) : null,
			ride.offers.map((offer) => this.card(ride, offer)),
			h('button', { type: 'button', class: 'quiet', onclick: () => { void this.drop(ride); this.form(); } }, t('back'))));
		title.focus();
	}
	private card(ride: Ride, offer: Offer): HTMLElement {
		const walk = (metres: number, seconds: number) => metres < 20 ? t('noWalk') : t('walkMetres', { m: metres, min: Math.max(1, Math.round(seconds / 60)) });
		return h('article', { class: 'offer' },
			h('header', {}, h('strong', { class: 'time' }, whenOf(offer.planned_pickup)), h('span', { class: 'reason' }, offer.reason.message), h('span', { class: 'price' }, price(offer.price_cents))),
			h('dl', {},
				h('dt', {}, t('pickup')), h('dd', {}, `${timeOf(offer.earliest_pickup)}–${timeOf(offer.latest_pickup)}, ${offer.pickup.name ?? offer.pickup.street ?? ''} · ${walk(offer.walk_from_m, offer.walk_from_s)}`),
				h('dt', {}, t('arrival')), h('dd', {}, `${timeOf(offer.planned_dropoff)} (≤ ${timeOf(offer.latest_arrival)}), ${offer.dropoff.name ?? offer.dropoff.street ?? ''} · ${walk(offer.walk_to_m, offer.walk_to_s)}`),
				h('dt', {}, t('shuttle')), h('dd', {}, offer.vehicle ?? '–')),
			h('button', { type: 'button', class: 'primary', onclick: (event: Event) => void this.accept(ride, offer, event.target as HTMLButtonElement) }, `${t('book')} · ${whenOf(offer.planned_pickup)}`));
	}
	private async accept(ride: Ride, offer: Offer, button: HTMLButtonElement): Promise<void> {
		button.disabled = true;
		try {
			this.options.booked(await post<RideAnswer>(`${this.options.acceptPath(ride)}/accept`, { offer: offer.offer }));
		} catch (error) {
			const fresh = error instanceof ApiError ? (error.body as RideAnswer | null)?.ride : null;
			const text = error instanceof ApiError ? error.message : t('outage');
			if (fresh && fresh.offers.length > 0)
				this.offers(fresh, text);
			else {
				this.form();
				this.say(text);
			}
		}
	}
	/** Not wanted: give the reserved place back at once. */
	private async drop(ride: Ride): Promise<void> {
		await post(`${this.options.acceptPath(ride)}/cancel`, { reason: '' }).catch(() => null);
	}
}
