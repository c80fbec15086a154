// The booking form and its offers: for riders on "/", for callers in the control room.
import { ApiError, get, post, type Departure, type Need, type Offer, type Refusal, type Ride, type RideAnswer, type RidePlace, type Stop, type Town } from './api';
import { fieldOf, instantOf, serviceNow, timeOf, whenOf } from './clock';
import { freshId, h, replace } from './dom';
import { findJourneys, journeyList } from './journeys';
import { inArea, PlaceField, type Chosen } from './place';
import { lateText, placeText } from './shared';
import { price, t } from './words';

type When = 'now' | 'leave_at' | 'arrive_by' | 'from_train' | 'to_train';

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
	private when: When = 'now';
	private readonly at: HTMLInputElement;
	private readonly counts = new Map<string, number>();
	private readonly walk: HTMLSelectElement;
	private readonly train = h('div', { class: 'train', 'aria-live': 'polite' });
	private readonly trainHint = h('p', { class: 'hint', hidden: true });
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
		const place = field.chosen;
		field.hint(place && !inArea(this.options.town, place) ? t('outsideArea') : '');
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
			h('p', { class: 'hint map-hint' }, t('pickOnMap')),
			this.whenField(), this.needsField(),
			h('label', { class: 'walk', htmlFor: this.walk.id }, t('walk'), this.walk),
			callerFields, this.message, h('div', { class: 'actions' }, this.submit,
				h('button', { type: 'button', onclick: () => void this.askJourneys() }, t('journeys')))));
	}
	private swap(): void {
		const from = this.from.chosen, to = this.to.chosen;
		this.from.set(to);
		this.to.set(from);
	}
	private whenField(): HTMLElement {
		const name = freshId('when');
		const choice = (value: When, label: string) => h('label', {}, h('input', {
			type: 'radio', name, value, checked: this.when === value, onchange: () => this.setWhen(value),
		}), h('span', {}, label));
		return h('fieldset', { class: 'when' }, h('legend', {}, t('when')),
			h('div', { class: 'choices' }, choice('now', t('now')), choice('leave_at', t('leaveAt')), choice('arrive_by', t('arriveBy'))),
			h('div', { class: 'choices two' }, choice('from_train', t('fromTrain')), choice('to_train', t('toTrain'))), this.at, this.trainHint, this.train);
	}
	private setWhen(value: When): void {
		this.when = value;
		const withTrain = value === 'from_train' || value === 'to_train', ahead = withTrain ? 0 : 3600_000;
		this.at.hidden = value === 'now';
		if (value !== 'now' && !this.at.value)
			this.at.value = fieldOf(Math.ceil((serviceNow() + ahead) / 300_000) * 300_000);
		this.from.onlyDepartures = value === 'from_train';
		this.to.onlyDepartures = value === 'to_train';
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

	/** From a station one is met, to one brought in time: the train's live time then leads the ride. */
	private async offerTrains(): Promise<void> {
		const from = this.when === 'from_train', chosen = (from ? this.from : this.to).chosen;
		const stop = this.options.stops.find((item) => item.stop === chosen?.stop && item.departures);
		this.connection = null;
		this.trainHint.hidden = this.when !== 'from_train' && this.when !== 'to_train' || stop !== undefined;
		this.trainHint.textContent = t(from ? 'stationFrom' : 'stationTo');
		if (!stop || (this.when !== 'from_train' && this.when !== 'to_train')) {
			replace(this.train);
			return;
		}
		const after = this.at.value ? instantOf(this.at.value) : new Date(serviceNow()).toISOString(), when = this.when;
		const found = await get<{ departures: Departure[] }>(`/api/v1/departures?stop=${stop.stop}&kind=${from ? 'arrivals' : 'departures'}&after=${encodeURIComponent(after)}`).catch(() => ({ departures: [] }));
		if (this.when !== when || (from ? this.from : this.to).chosen?.stop !== stop.stop) /* something else was chosen meanwhile */
			return;
		if (found.departures.length === 0) {
			replace(this.train, h('p', { class: 'hint' }, t('noTrains')));
			return;
		}
		const id = freshId('train'), first = found.departures.findIndex((item) => !item.cancelled);
		this.connection = found.departures[first]?.connection ?? null;
		replace(this.train, h('label', { htmlFor: id }, t(from ? 'meetTrain' : 'catchTrain')),
			h('select', { id, onchange: (event: Event) => { this.connection = found.departures[Number((event.target as HTMLSelectElement).value)]?.connection ?? null; } },
				found.departures.map((item, i) => h('option', { value: String(i), selected: i === first, disabled: item.cancelled }, trainText(item)))));
	}

	private async askJourneys(): Promise<void> {
		const from = this.from.chosen, to = this.to.chosen;
		if (!from || !to) {
			this.say(t('chooseBoth'));
			(from ? this.to : this.from).invalid();
			return;
		}
		this.say('');
		try {
			const journeys = await findJourneys(from, to, this.when === 'arrive_by', this.when === 'now' ? null : instantOf(this.at.value), Number(this.walk.value));
			const title = h('h2', { tabIndex: -1 }, t('journeysTitle'));
			replace(this.element, h('div', { class: 'offers' }, title, journeyList(journeys, (request) => void this.askFor({ ...request, needs: this.needs(), ...this.caller() })),
				this.message, h('button', { type: 'button', class: 'quiet', onclick: () => this.form() }, t('back'))));
			title.focus();
		} catch (error) {
			this.say(error instanceof ApiError ? error.message : t('outage'));
		}
	}
	private needs(): Record<string, number> {
		return Object.fromEntries([...this.counts].filter(([, count]) => count > 0));
	}
	private caller(): Record<string, string | null> {
		return this.options.caller ? { name: this.name.value || null, contact: this.contact.value || null } : {};
	}

	private async ask(): Promise<void> {
		const from = this.from.chosen, to = this.to.chosen;
		if (!from || !to) {
			this.say(t('chooseBoth'));
			(from ? this.to : this.from).invalid();
			return;
		}
		const place = (chosen: Chosen) => chosen.stop === undefined ? { lat: chosen.lat, lon: chosen.lon } : { stop: chosen.stop };
		const withTrain = this.when === 'from_train' || this.when === 'to_train';
		if (withTrain && !this.connection) {
			this.say(t(this.when === 'from_train' ? 'stationFrom' : 'stationTo'));
			(this.when === 'from_train' ? this.from : this.to).invalid();
			return;
		}
		await this.askFor({
			from: place(from), to: place(to), time: withTrain ? 'now' : this.when, at: withTrain || this.when === 'now' ? null : instantOf(this.at.value),
			needs: this.needs(), walk_max_m: Number(this.walk.value), connection: this.connection, ...this.caller(),
		});
	}
	private async askFor(body: Record<string, unknown>): Promise<void> {
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
		const phone = this.options.town.phone;
		this.say(ride.refusal?.message ?? ride.state.message, ride.refusal?.obstacle ? h('p', {}, ride.refusal.obstacle.message) : null, this.onFoot(ride.refusal),
			ride.refusal?.advice ? h('p', {}, ride.refusal.advice) : null, later ? h('p', {}, t('wouldWork', { time: whenOf(later) }), ' ',
			h('button', { type: 'button', onclick: () => this.take(later) }, t('thisTime', { time: whenOf(later) }))) : null, fallback, phone && !fallback ? h('p', {}, t('phone', { n: phone })) : null);
	}
	/** A longer walk that would do, with a button that takes it. */
	private onFoot(refusal: Refusal | null): HTMLElement | null {
		const foot = refusal?.would_work_on_foot;
		if (!foot)
			return null;
		const name = (place: RidePlace | null) => place ? placeText(place) : t('yourDoor');
		return h('p', {}, t('wouldWalk', { m: foot.walk_m, from: name(foot.from), to: name(foot.to) }), ' ',
			h('button', { type: 'button', onclick: () => this.walkSoFar(foot.walk_m) }, t('thisWalk', { m: foot.walk_m })));
	}
	private walkSoFar(metres: number): void {
		const enough = [...this.walk.options].find((option) => Number(option.value) >= metres);
		if (!enough)
			this.walk.append(h('option', { value: String(metres) }, `${metres} m`));
		this.walk.value = enough?.value ?? String(metres);
		this.form();
		void this.ask();
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
				h('dt', {}, t('pickup')), h('dd', {}, `${timeOf(offer.earliest_pickup)}–${timeOf(offer.latest_pickup)}, ${placeText(offer.pickup)} · ${walk(offer.walk_from_m, offer.walk_from_s)}`),
				h('dt', {}, t('arrival')), h('dd', {}, `${timeOf(offer.planned_dropoff)} (${t('atLatest', { time: timeOf(offer.latest_arrival) })}), ${placeText(offer.dropoff)} · ${walk(offer.walk_to_m, offer.walk_to_s)}`),
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

function trainText(item: Departure): string {
	const late = item.cancelled ? ` ${t('cancelled')}` : lateText(item.late_s);
	return `${whenOf(item.planned)}${late} ${item.line ?? ''} ${item.headsign ?? ''}${item.platform ? `, ${t('platform', { n: item.platform })}` : ''}${item.invented ? ' *' : ''}`;
}
