// Language switch, layers and zoom of the map. Without script the page is there in English, whole.
(() => {
	const root = document.documentElement;
	const buttons = [...document.querySelectorAll('.languages button')];
	const speak = (language) => {
		root.lang = language;
		document.title = root.dataset[language];
		for (const button of buttons)
			button.setAttribute('aria-pressed', String(button.dataset.language === language));
	};
	for (const button of buttons)
		button.addEventListener('click', () => { speak(button.dataset.language); history.replaceState(null, '', '#' + root.lang); });
	document.querySelector('.languages').hidden = false;
	speak(/^#(de|en)$/.test(location.hash) ? location.hash.slice(1) : /^de\b/.test(navigator.language) ? 'de' : 'en');

	const map = document.getElementById('map');
	if (!map)
		return;
	const box = map.closest('figure');
	box.classList.add('map-box');
	for (const layer of ['flows', 'stops', 'refused']) {
		const input = document.getElementById('show-' + layer);
		const show = () => box.classList.toggle('no-' + layer, !input.checked);
		input.addEventListener('change', show);
		show();
	}
	const whole = map.viewBox.baseVal;
	const full = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
	let view = { ...full };
	const draw = () => {
		view.width = Math.min(view.width, full.width);
		view.height = Math.min(view.height, full.height);
		view.x = Math.max(full.x, Math.min(view.x, full.x + full.width - view.width));
		view.y = Math.max(full.y, Math.min(view.y, full.y + full.height - view.height));
		map.setAttribute('viewBox', [view.x, view.y, view.width, view.height].join(' '));
	};
	const zoom = (factor, x = view.x + view.width / 2, y = view.y + view.height / 2) => {
		const width = Math.max(full.width / 20, Math.min(full.width, view.width * factor)), by = width / view.width;
		view = { x: x - (x - view.x) * by, y: y - (y - view.y) * by, width, height: view.height * by };
		draw();
	};
	for (const button of document.querySelectorAll('[data-zoom]'))
		button.addEventListener('click', () => {
			if (button.dataset.zoom === '0')
				view = { ...full };
			zoom(Number(button.dataset.zoom) || 1);
		});
	document.querySelector('.zoom').hidden = false;
	let from = null;
	map.addEventListener('pointerdown', (event) => { if (event.isPrimary && view.width < full.width) { from = { x: event.clientX, y: event.clientY }; map.setPointerCapture(event.pointerId); } });
	map.addEventListener('pointermove', (event) => {
		if (!from)
			return;
		const scale = view.width / map.clientWidth;
		view.x -= (event.clientX - from.x) * scale;
		view.y -= (event.clientY - from.y) * scale;
		from = { x: event.clientX, y: event.clientY };
		draw();
	});
	for (const end of ['pointerup', 'pointercancel'])
		map.addEventListener(end, () => { from = null; });
})();
