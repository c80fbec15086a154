// The town's map from our own tiles, with shuttles that glide between reports. No outside tiles, fonts or scripts.
import 'maplibre-gl/dist/maplibre-gl.css';
import * as maplibre from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Point, Position, Town } from './api';
import { t } from './words';

maplibre.setWorkerUrl(workerUrl);

export interface TownMap {
	map: maplibre.Map;
	vehicles(list: MapVehicle[]): void;
	marker(name: string, point: Point | null, label?: string): void;
	path(points: Point[]): void;
	/** Streets that are closed or slow. */
	closed(lines: Point[][]): void;
	/** near: the points of a list that lie within some pixels of the click, nearest first. */
	onClick(hear: (point: Point, near: <P extends Point>(points: P[]) => P[]) => void): void;
	onVehicle(hear: (vehicle: number) => void): void;
	show(points: Point[]): void;
}
export type MapVehicle = Pick<Position, 'vehicle' | 'name' | 'lat' | 'lon' | 'heading'> & { look: 'free' | 'occupied' | 'out' | 'trouble' };

const ink = '#31444b';
const roadWidth = (narrow: number, wide: number): maplibre.ExpressionSpecification =>
	['interpolate', ['exponential', 1.6], ['zoom'], 10, narrow * 0.25, 13, narrow, 16, wide, 19, wide * 6] as maplibre.ExpressionSpecification;
const main: maplibre.ExpressionSpecification = ['in', ['get', 'kind'], ['literal', ['motorway', 'trunk', 'primary', 'secondary']]];
const middle: maplibre.ExpressionSpecification = ['==', ['get', 'kind'], 'tertiary'];
const small: maplibre.ExpressionSpecification = ['in', ['get', 'kind'], ['literal', ['residential', 'living_street', 'service', 'other', 'pedestrian']]];
const paths: maplibre.ExpressionSpecification = ['in', ['get', 'kind'], ['literal', ['track', 'cycleway', 'footway', 'steps']]];

function roads(id: string, filter: maplibre.ExpressionSpecification, color: string, width: maplibre.ExpressionSpecification, casing?: string): maplibre.LayerSpecification[] {
	const layer = (suffix: string, paint: maplibre.LineLayerSpecification['paint']): maplibre.LineLayerSpecification => ({
		id: id + suffix, type: 'line', source: 'town', 'source-layer': 'roads', filter: filter as maplibre.FilterSpecification, layout: { 'line-cap': 'round', 'line-join': 'round' }, paint,
	});
	return casing ? [layer('-casing', { 'line-color': casing, 'line-gap-width': width, 'line-width': 1 }), layer('', { 'line-color': color, 'line-width': width })]
		: [layer('', { 'line-color': color, 'line-width': width })];
}

function style(town: Town): maplibre.StyleSpecification {
	const fill = (id: string, color: string): maplibre.LayerSpecification => ({ id, type: 'fill', source: 'town', 'source-layer': id, paint: { 'fill-color': color } });
	const text = (id: string, layer: string, minzoom: number, extra: object, paint: object): maplibre.LayerSpecification => ({
		id, type: 'symbol', source: 'town', 'source-layer': layer, minzoom,
		layout: { 'text-field': ['get', 'name'], 'text-size': 12, 'text-font': ['sans-serif'], ...extra },
		paint: { 'text-color': ink, 'text-halo-color': '#ffffffd9', 'text-halo-width': 1.6, ...paint },
	} as maplibre.LayerSpecification);
	return {
		version: 8,
		sources: {
			town: {
				type: 'vector', tiles: [`${location.origin}/tiles/{z}/{x}/{y}.mvt?town=${town.hash.slice(0, 12)}`], minzoom: 0, maxzoom: 16,
				bounds: [town.box.south_west.lon - 0.02, town.box.south_west.lat - 0.02, town.box.north_east.lon + 0.02, town.box.north_east.lat + 0.02],
			},
			area: { type: 'geojson', data: outside(town) },
			closed: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
			path: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
			vehicles: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
		},
		layers: [
			{ id: 'land', type: 'background', paint: { 'background-color': '#f4f1ea' } },
			fill('built', '#e6dfd2'), fill('green', '#d5e6c9'), fill('water', '#a9cfe3'),
			{ id: 'river', type: 'line', source: 'town', 'source-layer': 'river', layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': '#a9cfe3', 'line-width': roadWidth(2, 7) } },
			...roads('paths', paths, '#cfc6b4', roadWidth(0.8, 1.6)),
			...roads('small', small, '#ffffff', roadWidth(1.4, 6), '#dcd5c6'),
			...roads('middle', middle, '#fffdf2', roadWidth(2, 8), '#d8ccae'),
			...roads('main', main, '#fbe3ae', roadWidth(2.6, 10), '#dcbf7c'),
			{ id: 'rail', type: 'line', source: 'town', 'source-layer': 'rail', paint: { 'line-color': '#7d7f86', 'line-width': roadWidth(1.6, 3) } },
			{ id: 'rail-ties', type: 'line', source: 'town', 'source-layer': 'rail', minzoom: 12, paint: { 'line-color': '#f4f1ea', 'line-width': roadWidth(0.8, 1.6), 'line-dasharray': [5, 5] } },
			{ id: 'outside', type: 'fill', source: 'area', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': '#5a6b70', 'fill-opacity': 0.18 } },
			{ id: 'outside-line', type: 'line', source: 'area', filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': '#0b5d57', 'line-width': 1.5, 'line-dasharray': [3, 2] } },
			{ id: 'closed', type: 'line', source: 'closed', layout: { 'line-cap': 'butt' }, paint: { 'line-color': '#c01f2e', 'line-width': 6, 'line-opacity': 0.75, 'line-dasharray': [1, 0.6] } },
			{ id: 'path', type: 'line', source: 'path', layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': '#0b5d57', 'line-width': 3, 'line-dasharray': [0.4, 1.8] } },
			{ id: 'transit', type: 'circle', source: 'town', 'source-layer': 'transit_stops', minzoom: 14, filter: ['==', ['get', 'type'], 0],
				paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 14, 2, 17, 4.5], 'circle-color': '#fff', 'circle-stroke-color': '#7d4a9e', 'circle-stroke-width': 1.5 } },
			{ id: 'stops', type: 'circle', source: 'town', 'source-layer': 'stops', minzoom: 13,
				paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 13, 1.6, 17, 5], 'circle-color': '#0b5d57', 'circle-stroke-color': '#fff', 'circle-stroke-width': 1 } },
			text('road-names', 'roads', 14, { 'symbol-placement': 'line', 'text-size': ['interpolate', ['linear'], ['zoom'], 14, 10, 18, 13] }, {}),
			text('house-numbers', 'houses', 16.5, { 'text-field': ['get', 'number'], 'text-size': 10 }, { 'text-color': '#6d6a60' }),
			text('stop-names', 'stops', 16, { 'text-offset': [0, 0.9], 'text-anchor': 'top', 'text-size': 11, 'text-optional': true }, { 'text-color': '#0b5d57' }),
			{ id: 'vehicles', type: 'symbol', source: 'vehicles',
				layout: { 'icon-image': ['concat', 'shuttle-', ['get', 'look']], 'icon-rotate': ['get', 'heading'], 'icon-rotation-alignment': 'map', 'icon-allow-overlap': true,
					'icon-size': ['interpolate', ['linear'], ['zoom'], 11, 0.75, 16, 1.1] } },
		],
	};
}

/** Everything but the service area, to be dimmed; and its border. */
function outside(town: Town): GeoJSON.FeatureCollection {
	const rings = town.area.filter((ring) => ring.length > 2).map((ring) => [...ring, ring[0] as Point].map((p) => [p.lon, p.lat]));
	if (rings.length === 0)
		return { type: 'FeatureCollection', features: [] };
	const world = [[-179, -85], [179, -85], [179, 85], [-179, 85], [-179, -85]];
	return { type: 'FeatureCollection', features: [
		{ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [world, ...rings] } },
		...rings.map((ring): GeoJSON.Feature => ({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: ring } })),
	] };
}

const looks = { free: '#0b5d57', occupied: '#d97706', out: '#8b9499', trouble: '#c01f2e' };

/** A shuttle from above, pointing north. */
function shuttle(color: string): ImageData {
	const size = 44, canvas = document.createElement('canvas');
	canvas.width = canvas.height = size;
	const context = canvas.getContext('2d');
	if (!context)
		throw new Error('no canvas');
	context.fillStyle = '#fff';
	context.strokeStyle = '#0006';
	context.beginPath();
	context.arc(22, 24, 19, 0, Math.PI * 2);
	context.fill();
	context.stroke();
	context.beginPath(); /* nose */
	context.moveTo(22, 1);
	context.lineTo(29, 9);
	context.lineTo(15, 9);
	context.closePath();
	context.fillStyle = color;
	context.fill();
	context.beginPath();
	context.roundRect(13, 11, 18, 26, 6);
	context.fill();
	context.fillStyle = '#ffffffd0';
	context.beginPath();
	context.roundRect(16, 14, 12, 6, 2);
	context.roundRect(16, 30, 12, 4, 2);
	context.fill();
	return context.getImageData(0, 0, size, size);
}

/** Positions come once a second; in between shuttles glide on straight lines. */
class Glide {
	private from = new Map<number, MapVehicle>();
	private to = new Map<number, MapVehicle>();
	private began = 0;
	private moving = false;
	constructor(private readonly draw: (list: MapVehicle[]) => void) {
		setInterval(() => { /* a few times a second is smooth enough for a shuttle and light for a phone */
			if (!document.hidden && this.moving && performance.now() - this.began < 1300)
				this.draw([...this.to.values()].map((vehicle) => this.at(vehicle)));
		}, 90);
	}
	set(list: MapVehicle[]): void {
		this.from = new Map(list.map((vehicle) => [vehicle.vehicle, this.at(this.to.get(vehicle.vehicle) ?? vehicle)]));
		this.moving = JSON.stringify([...this.to.values()]) !== JSON.stringify(list);
		this.to = new Map(list.map((vehicle) => [vehicle.vehicle, vehicle]));
		this.began = performance.now();
	}
	private at(vehicle: MapVehicle): MapVehicle {
		const from = this.from.get(vehicle.vehicle) ?? vehicle;
		const part = Math.min(1, (performance.now() - this.began) / 1000);
		const far = Math.abs(from.lat - vehicle.lat) + Math.abs(from.lon - vehicle.lon) > 0.02; /* a jump is no drive */
		return far ? vehicle : { ...vehicle, lat: from.lat + (vehicle.lat - from.lat) * part, lon: from.lon + (vehicle.lon - from.lon) * part };
	}
}

/** Resolves to null where the browser cannot draw maps; pages work without. */
export async function openMap(container: HTMLElement, town: Town, stops: Point[]): Promise<TownMap | null> {
	let map: maplibre.Map;
	try {
		map = new maplibre.Map({
			container, style: style(town), attributionControl: false, locale: { 'Map.Title': t('map') }, dragRotate: false, pitchWithRotate: false, maxZoom: 19, minZoom: 9,
			bounds: viewBox(town, stops), fitBoundsOptions: { padding: 30 },
		});
	} catch {
		container.replaceChildren();
		return null;
	}
	map.touchZoomRotate.disableRotation();
	map.addControl(new maplibre.NavigationControl({ showCompass: false }), 'top-right');
	map.addControl(new maplibre.ScaleControl({ maxWidth: 90 }), 'bottom-right');
	for (const [look, color] of Object.entries(looks))
		map.addImage(`shuttle-${look}`, shuttle(color), { pixelRatio: 1.3 });
	await Promise.race([map.once('load'), new Promise((done) => setTimeout(done, 8000))]);
	container.dataset['map'] = 'ready';
	return wrap(map);
}

/** The service area; without one, where nine of ten stops are: a lone street that leads far away must not shrink the town. */
function viewBox(town: Town, stops: Point[]): [number, number, number, number] {
	const isArea = town.area.flat().length > 0;
	const points = isArea ? town.area.flat() : stops.length > 10 ? stops : [town.box.south_west, town.box.north_east];
	const cut = !isArea && stops.length > 10 ? Math.floor(points.length / 20) : 0;
	const sorted = (values: number[]) => values.sort((a, b) => a - b).slice(cut, values.length - cut);
	const lons = sorted(points.map((p) => p.lon)), lats = sorted(points.map((p) => p.lat));
	return [lons[0] ?? 0, lats[0] ?? 0, lons.at(-1) ?? 0, lats.at(-1) ?? 0];
}

function wrap(map: maplibre.Map): TownMap {
	const source = (name: string) => map.getSource(name) as maplibre.GeoJSONSource;
	const markers = new Map<string, maplibre.Marker>();
	const glide = new Glide((list) => source('vehicles')?.setData({ type: 'FeatureCollection', features: list.map((vehicle) => ({
		type: 'Feature', geometry: { type: 'Point', coordinates: [vehicle.lon, vehicle.lat] },
		properties: { vehicle: vehicle.vehicle, name: vehicle.name, look: vehicle.look, heading: vehicle.heading ?? 0 },
	})) }));
	return {
		map,
		vehicles(list) {
			glide.set(list);
		},
		marker(name, point, label) {
			markers.get(name)?.remove();
			markers.delete(name);
			if (!point)
				return;
			const element = document.createElement('div');
			element.className = `pin pin-${name}`;
			element.setAttribute('role', 'img');
			element.setAttribute('aria-label', label || name);
			markers.set(name, new maplibre.Marker({ element, anchor: 'bottom' }).setLngLat([point.lon, point.lat]).addTo(map));
		},
		path(points) {
			source('path')?.setData({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: points.map((p) => [p.lon, p.lat]) } });
		},
		closed(lines) {
			source('closed')?.setData({ type: 'FeatureCollection', features: lines.map((line) => ({
				type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: line.map((p) => [p.lon, p.lat]) } })) });
		},
		onClick(hear) {
			map.on('click', (event) => {
				if (map.queryRenderedFeatures(event.point, { layers: ['vehicles'] }).length > 0)
					return;
				const away = (point: Point) => map.project([point.lon, point.lat]).dist(event.point);
				hear({ lat: Number(event.lngLat.lat.toFixed(6)), lon: Number(event.lngLat.lng.toFixed(6)) },
					(points) => map.getZoom() < 13 ? [] : points.filter((point) => away(point) <= 14).sort((a, b) => away(a) - away(b)));
			});
		},
		onVehicle(hear) {
			map.on('click', 'vehicles', (event) => hear(Number(event.features?.[0]?.properties['vehicle'])));
			map.on('mouseenter', 'vehicles', () => { map.getCanvas().style.cursor = 'pointer'; });
			map.on('mouseleave', 'vehicles', () => { map.getCanvas().style.cursor = ''; });
		},
		show(points) {
			if (points.length === 0)
				return;
			const bounds = new maplibre.LngLatBounds();
			for (const p of points)
				bounds.extend([p.lon, p.lat]);
			map.fitBounds(bounds, { padding: 80, maxZoom: 16, duration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 600 });
		},
	};
}
