/* German names from word lists. Each list of combinations is walked in an order of the seed and never repeats; when one
 * is used up, the next larger takes over. */
#include "synth_town.h"

#include <stdio.h>
#include <string.h>

static const char *const place_stems[] = {
	"Erlen", "Buchen", "Hasel",  "Kron",   "Falken", "Rosen", "Silber", "Mühl",   "Stein",	 "Linden",
	"Wolfs", "Eichen", "Birken", "Hirsch", "Reben",	 "Salz",  "Wiesen", "Grün",   "Auen",	 "Kalten",
	"Ober",	 "Nieder", "Alten",  "Neuen",  "Weiden", "Ulmen", "Tannen", "Adlers", "Greifen", "Schwarzen"};
static const char *const place_endings[] = {"bach",  "feld", "dorf", "berg", "tal",
					    "brunn", "heim", "au",   "born", "stein"};
static const char *const town_endings[] = {"stadt", "furt", "brunn", "burg"};

static const char *const nature[] = {
	"Ahorn",    "Akazien",	    "Amsel",	      "Apfel",	    "Birken",	  "Birnbaum",  "Blumen",
	"Brunnen",  "Buchen",	    "Buchfinken",     "Dahlien",    "Distel",	  "Dohlen",    "Drossel",
	"Eiben",    "Eichen",	    "Eichendorff",    "Elster",	    "Enzian",	  "Erlen",     "Eschen",
	"Espen",    "Falken",	    "Farn",	      "Fasanen",    "Feld",	  "Fichten",   "Finken",
	"Flieder",  "Forellen",	    "Fuchsien",	      "Garten",	    "Ginster",	  "Glocken",   "Gold",
	"Habicht",  "Hainbuchen",   "Hasel",	      "Hecken",	    "Heide",	  "Himbeer",   "Hirsch",
	"Holunder", "Honig",	    "Hopfen",	      "Iltis",	    "Jasmin",	  "Kastanien", "Kiebitz",
	"Kiefern",  "Kirsch",	    "Klee",	      "Kornblumen", "Kranich",	  "Krokus",    "Lärchen",
	"Lavendel", "Lerchen",	    "Libellen",	      "Lilien",	    "Linden",	  "Luchs",     "Maiglöckchen",
	"Malven",   "Margeriten",   "Meisen",	      "Milan",	    "Mirabellen", "Mohn",      "Moos",
	"Möwen",    "Nachtigallen", "Narzissen",      "Nelken",	    "Nuss",	  "Pappel",    "Pfingstrosen",
	"Pflaumen", "Pirol",	    "Platanen",	      "Primel",	    "Quitten",	  "Reben",     "Reiher",
	"Ried",	    "Ringelblumen", "Robinien",	      "Rosen",	    "Rotdorn",	  "Salbei",    "Sanddorn",
	"Schilf",   "Schlehen",	    "Schmetterlings", "Schwalben",  "Sonnen",	  "Sperber",   "Sperlings",
	"Star",	    "Storchen",	    "Tannen",	      "Tauben",	    "Traminer",	  "Trauben",   "Tulpen",
	"Uhu",	    "Ulmen",	    "Veilchen",	      "Vogelbeer",  "Wacholder",  "Wachtel",   "Wald",
	"Weiden",   "Weiher",	    "Weinberg",	      "Weißdorn",   "Wiesen",	  "Zaunkönig", "Zeisig",
	"Zypressen"};
static const char *const crafts[] = {
	"Bäcker",    "Böttcher",      "Brauer",	    "Dreher",	   "Färber",  "Fischer", "Fleischer",
	"Gerber",    "Glaser",	      "Glöckner",   "Goldschmied", "Hafner",  "Hirten",	 "Hutmacher",
	"Kanzlei",   "Kapuziner",     "Karmeliter", "Kessler",	   "Kirch",   "Kloster", "Korn",
	"Krämer",    "Kupferschmied", "Küfer",	    "Mauer",	   "Metzger", "Münz",	 "Nagelschmied",
	"Nonnen",    "Pfarr",	      "Pfeffer",    "Predigt",	   "Rats",    "Sattler", "Salz",
	"Schlosser", "Schmied",	      "Schneider",  "Schuster",	   "Seiler",  "Spital",	 "Stadtgraben",
	"Stifts",    "Tor",	      "Töpfer",	    "Turm",	   "Wagner",  "Weber",	 "Zehnt",
	"Zimmer",    "Zunft",	      "Zwinger"};
static const char *const works[] = {"Gewerbe",	"Industrie", "Werk",	 "Hammer", "Kessel",   "Dynamo",
				    "Turbinen", "Motoren",   "Gießerei", "Lager",  "Speicher", "Hafen",
				    "Kran",	"Maschinen", "Eisen",	 "Kupfer", "Glas",     "Papier"};
static const char *const first_names[] = {
	"Anna",	   "Albert",	"Bertha",    "Carl",	"Clara",   "Christian", "Dora",	   "Emil",     "Elisabeth",
	"Erich",   "Franz",	"Friedrich", "Georg",	"Gertrud", "Hans",	"Hedwig",  "Heinrich", "Helene",
	"Hermann", "Ida",	"Jakob",     "Johanna", "Karl",	   "Käthe",	"Konrad",  "Lina",     "Ludwig",
	"Luise",   "Margarete", "Maria",     "Martha",	"Max",	   "Otto",	"Paul",	   "Paula",    "Philipp",
	"Richard", "Robert",	"Rosa",	     "Rudolf",	"Sophie",  "Theodor",	"Therese", "Wilhelm"};
static const char *const last_names[] = {
	"Ackermann", "Albrecht",  "Arnold",   "Bauer",	  "Baumann",  "Beck",	 "Bender",   "Berger",	  "Böhm",
	"Brandt",    "Braun",	  "Busch",    "Dietrich", "Engel",    "Ernst",	 "Fink",     "Fischer",	  "Frank",
	"Franke",    "Friedrich", "Fuchs",    "Geiger",	  "Graf",     "Groß",	 "Günther",  "Haas",	  "Hahn",
	"Hartmann",  "Heinrich",  "Herrmann", "Hoffmann", "Horn",     "Huber",	 "Jäger",    "Jung",	  "Kaiser",
	"Keller",    "Klein",	  "Koch",     "König",	  "Kraft",    "Kramer",	 "Kraus",    "Krüger",	  "Kuhn",
	"Lang",	     "Lehmann",	  "Lorenz",   "Ludwig",	  "Maier",    "Martin",	 "Mayer",    "Möller",	  "Müller",
	"Neumann",   "Otto",	  "Peters",   "Pfeiffer", "Pohl",     "Richter", "Roth",     "Sauer",	  "Schäfer",
	"Schmitt",   "Schneider", "Scholz",   "Schröder", "Schubert", "Schulz",	 "Schuster", "Schwarz",	  "Seidel",
	"Simon",     "Sommer",	  "Stein",    "Thomas",	  "Vogel",    "Vogt",	 "Voigt",    "Wagner",	  "Walter",
	"Weber",     "Weiß",	  "Werner",   "Winkler",  "Winter",   "Wolf",	 "Ziegler",  "Zimmermann"};
static const char *const rings[RINGS_MAX] = {"Altstadtring", "Innenring",  "Gartenring", "Stadtring",
					     "Parkring",     "Wallring",   "Hochring",	 "Waldring",
					     "Feldring",     "Wiesenring", "Außenring",	 "Höhenring"};
static const char *const banks[4] = {"Südufer", "Uferstraße", "Bahnhofstraße", "Gleisstraße"};

struct list { /* all pairs of a stem and an ending */
	const char *format;
	const char *const *stems;
	uint32_t n_stems;
	const char *const *endings;
	uint32_t n_endings;
};

static const char *const road_endings[] = {"straße", "allee", "damm", "chaussee"};
static const char *const lane_endings[] = {"gasse", "winkel", "stiege"};
static const char *const street_endings[] = {"weg", "straße", "pfad", "steig"};
static const char *const field_endings[] = {"grund", "feld", "winkel", "garten", "acker", "eck", "busch", "hof"};
static const char *const works_endings[] = {"straße", "weg", "park", "hof"};

#define LIST(format, stems, endings)                                       \
	{                                                                  \
		format, stems, COUNT_OF(stems), endings, COUNT_OF(endings) \
	}
enum list_kind {
	LIST_ROADS,
	LIST_LANES,
	LIST_STREETS,
	LIST_FIELDS,
	LIST_WORKS,
	LIST_PEOPLE_STREET,
	LIST_PEOPLE_WAY,
	LISTS
};
static const struct list lists[LISTS] = {
	[LIST_ROADS] = LIST("%s%s", nature, road_endings),
	[LIST_LANES] = LIST("%s%s", crafts, lane_endings),
	[LIST_STREETS] = LIST("%s%s", nature, street_endings),
	[LIST_FIELDS] = LIST("Im %s%s", nature, field_endings),
	[LIST_WORKS] = LIST("%s%s", works, works_endings),
	[LIST_PEOPLE_STREET] = LIST("%s-%s-Straße", first_names, last_names),
	[LIST_PEOPLE_WAY] = LIST("%s-%s-Weg", first_names, last_names),
};

struct namer {
	uint32_t used[LISTS];
	uint32_t n_more;
};

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Member i of the list in the seed's own order: steps of a length that has no divisor in common with the list. */
static int list_name(const struct synth *synth, struct namer *namer, enum list_kind kind, char *ret_name, size_t size)
{
	const struct list *list = &lists[kind];
	uint32_t n = list->n_stems * list->n_endings;
	if (namer->used[kind] == n)
		return 0;
	uint32_t step = n * 5 / 8 + (uint32_t)(synth_draw(synth, 100000 + kind) % (n / 4));
	while (common_divisor(step, n) != 1)
		step++;
	uint32_t i = (uint32_t)((uint64_t)namer->used[kind]++ * step % n);
	snprintf(ret_name, size, list->format, list->stems[i % list->n_stems], list->endings[i / list->n_stems]);
	return 1;
}

static void name_from(const struct synth *synth, struct namer *namer, const enum list_kind *order, int n,
		      char *ret_name, size_t size)
{
	static const char *const prefixes[] = {"Neue ", "Alte ", "Kleine ", "Obere ", "Untere ", "Lange ", "Kurze "};
	for (int i = 0; i < n; i++)
		if (list_name(synth, namer, order[i], ret_name, size))
			return;
	/* every list is used up: people's streets again, told apart by a word in front */
	const char *prefix = prefixes[namer->n_more / (44 * 89) % COUNT_OF(prefixes)];
	uint32_t i = namer->n_more++ % (44 * 89);
	snprintf(ret_name, size, "%s%s-%s-Straße", prefix, first_names[i % 44 % COUNT_OF(first_names)],
		 last_names[i / 44 % COUNT_OF(last_names)]);
}

static void street_name(struct synth *synth, struct namer *namer, const struct synth_link *link)
{
	static const enum list_kind roads[] = {LIST_ROADS, LIST_PEOPLE_STREET, LIST_PEOPLE_WAY};
	static const enum list_kind lanes[] = {LIST_LANES, LIST_STREETS, LIST_PEOPLE_WAY, LIST_PEOPLE_STREET};
	static const enum list_kind streets[] = {LIST_STREETS, LIST_PEOPLE_STREET, LIST_PEOPLE_WAY};
	static const enum list_kind fields[] = {LIST_FIELDS, LIST_PEOPLE_WAY, LIST_PEOPLE_STREET};
	static const enum list_kind works_order[] = {LIST_WORKS, LIST_PEOPLE_STREET, LIST_PEOPLE_WAY};
	char *name = synth->street_name[link->street];
	size_t size = sizeof synth->street_name[0];
	if (link->zone == FACE_OLD)
		name_from(synth, namer, lanes, 4, name, size);
	else if (link->zone == FACE_INDUSTRY)
		name_from(synth, namer, works_order, 3, name, size);
	else if (link->flags & STREET_SPUR)
		name_from(synth, namer, fields, 3, name, size);
	else if (link->kind <= STREET_TERTIARY)
		name_from(synth, namer, roads, 3, name, size);
	else if (synth_draw(synth, link->street) % 3)
		name_from(synth, namer, streets + 1, 2, name, size);
	else
		name_from(synth, namer, streets, 3, name, size);
}

static void place_names(struct synth *synth)
{
	uint32_t n = COUNT_OF(place_stems) * COUNT_OF(place_endings), start = rng_below(&synth->rng, n);
	uint32_t stem =
		rng_below(&synth->rng, COUNT_OF(place_stems)); /* one draw per statement: order of arguments is free */
	uint32_t ending = rng_below(&synth->rng, COUNT_OF(town_endings));
	snprintf(synth->town_name, sizeof synth->town_name, "%s%s", place_stems[stem], town_endings[ending]);
	for (uint32_t i = 0; i < synth->n_villages; i++) {
		uint32_t drawn = (start + i * 71) % n; /* 71 and 300 have no divisor in common */
		snprintf(synth->villages[i].name, sizeof synth->villages[i].name, "%s%s",
			 place_stems[drawn % COUNT_OF(place_stems)], place_endings[drawn / COUNT_OF(place_stems)]);
	}
}

/* Roads out are called after the first village on them; two to the same direction after the next one. */
static void special_names(struct synth *synth)
{
	for (uint32_t i = synth->n_villages; i-- > 0;)
		snprintf(synth->street_name[synth->radial_street[synth->villages[i].radial]], 64, "%.50ser Straße",
			 synth->villages[i].name);
	for (uint32_t k = 0; k < synth->n_rings; k++)
		snprintf(synth->street_name[synth->ring_street[k]], 64, "%s", rings[k]);
	for (int i = 0; i < 4; i++)
		snprintf(synth->street_name[synth->bank_street[i]], 64, "%s", banks[i]);
}

void synth_names(struct synth *synth)
{
	struct namer namer = {0};
	synth->street_name = synth_alloc(synth, synth->n_streets, sizeof *synth->street_name);
	place_names(synth);
	special_names(synth);
	for (size_t i = 0; i < synth->n_links; i++) {
		const struct synth_link *link = &synth->links[i];
		if (link->kind != STREET_NONE && link->kind != STREET_FOOT && !synth->street_name[link->street][0])
			street_name(synth, &namer, link);
	}
}
