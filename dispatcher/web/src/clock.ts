// Service time (which may run faster than the wall) and the town's time zone.

let anchor = Date.now();
let wall = performance.now();
let speed = 1;
let zone = 'UTC';

export function setClock(now: string, speedPermille?: number, timeZone?: string | null): void {
	anchor = Date.parse(now);
	wall = performance.now();
	if (speedPermille !== undefined)
		speed = speedPermille / 1000;
	if (timeZone)
		zone = timeZone;
}

export function serviceNow(): number {
	return anchor + (performance.now() - wall) * speed;
}

export function clockSpeed(): number {
	return speed;
}

function format(at: string | number, options: Intl.DateTimeFormatOptions): string {
	return new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: zone, ...options }).format(new Date(at));
}

export function timeOf(at: string | number | null): string {
	return at === null ? '–' : format(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

export function dayOf(at: string | number): string {
	return format(at, { weekday: 'short', day: 'numeric', month: 'short' });
}

/** "14:05", with the day in front when it is not today. */
export function whenOf(at: string | number | null): string {
	if (at === null)
		return '–';
	return dayOf(at) === dayOf(serviceNow()) ? timeOf(at) : `${dayOf(at)} ${timeOf(at)}`;
}

/** What a datetime-local field shows for this instant. */
export function fieldOf(at: number): string {
	const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(new Date(at));
	const part = (type: string) => parts.find((item) => item.type === type)?.value ?? '00';
	return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`;
}

/** The instant of a datetime-local field, read in the town's zone (not the browser's). */
export function instantOf(field: string): string {
	const utc = Date.parse(`${field}:00Z`);
	let guess = utc;
	for (let i = 0; i < 3; i++) /* the zone's offset at the answer, not at the question: settles in two steps */
		guess += utc - Date.parse(`${fieldOf(guess)}:00Z`);
	return new Date(guess).toISOString();
}
