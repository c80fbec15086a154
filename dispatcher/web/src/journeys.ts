// From door to door with train and bus: what the timetable search finds, in words; a shuttle on the way is asked for from here.
import { get, type Journey, type JourneyLeg, type JourneyPlace, type Point } from './api';
import { timeOf, whenOf } from './clock';
import { h } from './dom';
import { t } from './words';

export async function findJourneys(from: Point, to: Point, arriveBy: boolean, at: string | null, walkMax: number): Promise<Journey[]> {
	const query = new URLSearchParams({ from: `${from.lat},${from.lon}`, to: `${to.lat},${to.lon}`, kind: arriveBy ? 'arrive_by' : 'leave_at', walk_max_m: String(walkMax) });
	if (at)
		query.set('time', at);
	return (await get<{ journeys: Journey[] }>(`/api/v1/journeys?${query.toString()}`)).journeys;
}

export function journeyList(journeys: Journey[], ask: (request: Record<string, unknown>) => void): HTMLElement {
	if (journeys.length === 0)
		return h('p', { class: 'hint' }, t('noJourneys'));
	return h('ul', { class: 'journeys' }, journeys.map((journey) => h('li', { class: 'offer' },
		h('header', {}, h('strong', { class: 'time' }, `${whenOf(journey.departs)}–${timeOf(journey.arrives)}`), h('span', { class: 'reason' }, journey.changes === 0 ? t('noChange') : t('changes', { n: journey.changes }))),
		h('ol', { class: 'legs' }, journey.legs.map((leg) => legView(leg, ask))))));
}

function place(at: JourneyPlace): string {
	return at.name ?? '';
}

function legView(leg: JourneyLeg, ask: (request: Record<string, unknown>) => void): HTMLElement {
	const times = h('span', { class: 'leg-time' }, `${timeOf(leg.departs)}–${timeOf(leg.arrives)}`);
	const ends = [place(leg.from), place(leg.to)].filter(Boolean).join(' → ');
	if (leg.mode === 'walk')
		return h('li', {}, times, ' ', t('legWalk', { m: leg.distance_m ?? 0 }));
	if (leg.mode === 'ride')
		return h('li', {}, times, ' ', h('strong', {}, leg.ride?.line ?? ''), ` ${leg.ride?.headsign ?? ''}${leg.ride?.platform ? `, ${t('platform', { n: leg.ride.platform })}` : ''}`, ends ? h('span', { class: 'hint' }, ` ${ends}`) : null);
	const request = leg.request;
	return h('li', {}, times, ' ', h('strong', {}, t('shuttle')), ends ? h('span', { class: 'hint' }, ` ${ends}`) : null,
		request ? h('button', { type: 'button', class: 'primary', onclick: () => ask(request) }, t('askShuttle', { time: timeOf(leg.departs) })) : null);
}
