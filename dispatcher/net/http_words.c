#include "http_words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *key, *text[2];
} words[] = {
	/* wrong requests */
	{"error.not_found", {"There is nothing at this address.", "Unter dieser Adresse gibt es nichts."}},
	{"error.method", {"This address does not take that method.", "Diese Adresse kennt diese Methode nicht."}},
	{"error.not_json",
	 {"The request is not readable JSON, or a field stands in it twice.",
	  "Die Anfrage ist kein lesbares JSON, oder ein Feld steht doppelt darin."}},
	{"error.not_form",
	 {"This form was not made by this page, or it is damaged. Please go back and fill it in again.",
	  "Dieses Formular stammt nicht von dieser Seite oder ist beschädigt. Bitte zurückgehen und neu ausfüllen."}},
	{"error.not_object", {"A JSON object was expected here.", "Hier wird ein JSON-Objekt erwartet."}},
	{"error.unknown_field", {"This field is not known.", "Dieses Feld ist nicht bekannt."}},
	{"error.missing", {"This is still missing.", "Diese Angabe fehlt noch."}},
	{"error.wrong_type",
	 {"This is not of the expected kind (text, number, yes or no).",
	  "Diese Angabe hat nicht die erwartete Art (Text, Zahl, ja oder nein)."}},
	{"error.out_of_range", {"This value is not possible.", "Dieser Wert ist nicht möglich."}},
	{"error.too_long", {"This is too long.", "Diese Angabe ist zu lang."}},
	{"error.bad_choice", {"This is not one of the possible values.", "Das ist keiner der möglichen Werte."}},
	{"error.idempotency_key",
	 {"Every order needs an Idempotency-Key header of 8 to 128 characters, so that repeating it is harmless.",
	  "Jeder Auftrag braucht eine Kopfzeile Idempotency-Key mit 8 bis 128 Zeichen, damit Wiederholen nicht "
	  "schadet."}},
	{"error.token",
	 {"Please log in: the operator token is missing or wrong.",
	  "Bitte anmelden: Das Token der Leitstelle fehlt oder ist falsch."}},
	{"error.ride_unknown",
	 {"This ride is not known here, or it ended some time ago.",
	  "Diese Fahrt ist hier nicht bekannt, oder sie ist schon länger beendet."}},
	{"error.vehicle_unknown",
	 {"There is no vehicle with this number.", "Es gibt kein Fahrzeug mit dieser Nummer."}},
	{"error.closure_unknown", {"There is no such closure.", "Diese Sperrung gibt es nicht."}},
	{"error.condition_unknown", {"The town has no such condition.", "Diese Lage kennt die Stadt nicht."}},
	{"error.case_unknown", {"There is no such case.", "Diesen Fall gibt es nicht."}},
	{"error.notice_unknown",
	 {"There is no such notice for this ride.", "Diese Nachricht gibt es zu dieser Fahrt nicht."}},
	{"error.stop_unknown", {"This stop is not known.", "Diese Haltestelle ist nicht bekannt."}},
	{"error.need_unknown",
	 {"This need is not in the town's list.", "Dieser Bedarf steht nicht in der Liste der Stadt."}},
	{"error.nobody", {"At least one person must travel.", "Mindestens eine Person muss mitfahren."}},
	{"error.outside_map", {"This place lies outside the town's map.", "Dieser Ort liegt außerhalb der Karte."}},
	{"error.time_missing", {"Please say when.", "Bitte eine Zeit angeben."}},
	{"error.code_wrong",
	 {"The boarding code does not match this ride.", "Der Einstiegscode passt nicht zu dieser Fahrt."}},
	{"error.conflict", {"This is not possible in the present state.", "Das geht im jetzigen Zustand nicht."}},
	{"error.gone",
	 {"This offer is no longer available. Here is what is possible now.",
	  "Dieses Angebot gibt es nicht mehr. Das ist jetzt möglich."}},
	{"error.denied", {"This is not allowed.", "Das ist nicht erlaubt."}},
	{"error.full",
	 {"There is no room for this at the moment. Please try again in a few minutes.",
	  "Dafür ist im Moment kein Platz. Bitte in ein paar Minuten noch einmal versuchen."}},
	{"error.stale",
	 {"The plan has changed since you saw it. Please look again.",
	  "Der Plan hat sich seit Ihrem letzten Blick geändert. Bitte noch einmal ansehen."}},
	{"error.unavailable",
	 {"The service cannot take this right now. Nothing was lost. Please try again soon, or call us.",
	  "Der Dienst kann das gerade nicht annehmen. Nichts ging verloren. Bitte bald noch einmal versuchen oder "
	  "anrufen."}},
	{"error.invalid",
	 {"This order cannot be carried out as it stands.", "Dieser Auftrag lässt sich so nicht ausführen."}},
	{"error.internal",
	 {"Something went wrong here. We are sorry.", "Hier ist etwas schiefgegangen. Das tut uns leid."}},
	{"error.streams_full",
	 {"Too many people are watching. Please reload in a minute.",
	  "Zu viele schauen gerade zu. Bitte in einer Minute neu laden."}},
	{"error.tiles", {"There is no map here.", "Hier gibt es keine Karte."}},
	{"error.pages",
	 {"The pages have not been built (dispatcher/web/build.sh).",
	  "Die Seiten sind nicht gebaut (dispatcher/web/build.sh)."}},
	/* why a wish could not be met */
	{"refusal.none", {"", ""}},
	{"refusal.outside_area",
	 {"One of the places lies outside the service area.", "Einer der Orte liegt außerhalb des Bediengebiets."}},
	{"refusal.outside_hours",
	 {"The shuttles do not run at that time.", "Zu dieser Zeit fahren die Shuttles nicht."}},
	{"refusal.no_stop_near",
	 {"There is no suitable stop within walking distance.", "Es gibt keine passende Haltestelle in Laufweite."}},
	{"refusal.no_road",
	 {"No street a shuttle may use leads there.", "Dorthin führt keine Straße, die ein Shuttle befahren darf."}},
	{"refusal.too_far_ahead",
	 {"That is too far ahead to book.", "So weit im Voraus kann noch nicht gebucht werden."}},
	{"refusal.in_the_past", {"That time has passed.", "Diese Zeit ist schon vorbei."}},
	{"refusal.party_too_large",
	 {"Your party is too large for one shuttle.", "Ihre Gruppe ist zu groß für ein Shuttle."}},
	{"refusal.need_unknown",
	 {"One of the needs is not in the town's list.", "Einer der Bedarfe steht nicht in der Liste der Stadt."}},
	{"refusal.not_step_free",
	 {"No step-free stop or vehicle is known for this trip.",
	  "Für diese Strecke ist keine stufenfreie Haltestelle oder kein stufenfreies Fahrzeug bekannt."}},
	{"refusal.no_vehicle", {"No shuttle is in service at the moment.", "Zurzeit ist kein Shuttle im Dienst."}},
	{"refusal.no_supervisor",
	 {"No supervisor is on duty, so no new rides are promised.",
	  "Zurzeit ist keine Aufsicht im Dienst; neue Fahrten werden nicht zugesagt."}},
	{"refusal.no_capacity", {"No shuttle has the space you need.", "Kein Shuttle hat den benötigten Platz."}},
	{"refusal.no_time",
	 {"No shuttle can be there in time without breaking a promise to others.",
	  "Kein Shuttle kann rechtzeitig da sein, ohne Zusagen an andere zu brechen."}},
	{"refusal.connection",
	 {"The train or bus cannot be reached in time.", "Der Zug oder Bus ist nicht rechtzeitig zu erreichen."}},
	{"refusal.paused", {"New bookings are paused at the moment.", "Neue Buchungen sind zurzeit angehalten."}},
	{"refusal.full", {"The service is full at the moment.", "Der Dienst ist im Moment ausgelastet."}},
	{"refusal.open_request",
	 {"You have an open request already. Please accept it, cancel it, or let it run out.",
	  "Sie haben schon eine offene Anfrage. Bitte annehmen, verwerfen oder ablaufen lassen."}},
	{"refusal.same_place", {"Start and destination are the same place.", "Start und Ziel sind derselbe Ort."}},
	{"refusal.no_fallback",
	 {"So late, only one shuttle could take you and nobody could step in for it.",
	  "So spät könnte Sie nur ein einziges Shuttle fahren, und niemand könnte einspringen."}},
	{"refusal.trip_unknown",
	 {"This train or bus is not in the timetable of that day.",
	  "Dieser Zug oder Bus steht nicht im Fahrplan dieses Tages."}},
	/* what the shuttle that came nearest to it could not do */
	{"obstacle.space",
	 {"There would be no room for you part of the way.", "Auf einem Teil der Strecke wäre kein Platz für Sie."}},
	{"obstacle.energy", {"The battery would not last.", "Die Batterie würde nicht reichen."}},
	{"obstacle.pickup",
	 {"The longest wait would be exceeded.", "Bis zur Abholung würde es länger dauern als zulässig."}},
	{"obstacle.service_end",
	 {"The ride would end after the end of service.", "Die Fahrt würde nach Betriebsschluss enden."}},
	{"obstacle.arrival", {"You would arrive too late for what you wished.", "Sie kämen später an als gewünscht."}},
	{"obstacle.ride_time", {"The ride would take too long.", "Die Fahrt würde zu lange dauern."}},
	{"obstacle.promises",
	 {"It would delay others beyond what they were promised.",
	  "Andere kämen später an, als ihnen zugesagt wurde."}},
	/* what a rider can do instead */
	{"advice.outside_area",
	 {"Please choose a place inside the area marked on the map, or a stop near its edge.",
	  "Bitte wählen Sie einen Ort im markierten Gebiet oder eine Haltestelle nahe seinem Rand."}},
	{"advice.outside_hours",
	 {"Please choose a time within the service hours.", "Bitte wählen Sie eine Zeit innerhalb der Betriebszeit."}},
	{"advice.no_stop_near",
	 {"A longer walk or another stop may help.", "Ein längerer Fußweg oder eine andere Haltestelle kann helfen."}},
	{"advice.no_road",
	 {"Please choose a place at a street nearby, or a stop.",
	  "Bitte wählen Sie einen Ort an einer Straße in der Nähe oder eine Haltestelle."}},
	{"advice.too_far_ahead", {"Please ask again closer to the day.", "Bitte fragen Sie näher am Tag noch einmal."}},
	{"advice.in_the_past", {"Please choose a later time.", "Bitte wählen Sie eine spätere Zeit."}},
	{"advice.party_too_large",
	 {"Please book two rides, or call us.", "Bitte buchen Sie zwei Fahrten, oder rufen Sie uns an."}},
	{"advice.not_step_free",
	 {"Please choose a stop marked step-free, or call us: we know more ways.",
	  "Bitte wählen Sie eine als stufenfrei bezeichnete Haltestelle, oder rufen Sie uns an."}},
	{"advice.no_vehicle",
	 {"Please try again in a few minutes.", "Bitte versuchen Sie es in ein paar Minuten noch einmal."}},
	{"advice.no_supervisor",
	 {"Please try again in a few minutes.", "Bitte versuchen Sie es in ein paar Minuten noch einmal."}},
	{"advice.no_capacity",
	 {"Fewer people or less luggage in one ride may help; otherwise please call us.",
	  "Weniger Personen oder Gepäck in einer Fahrt können helfen; sonst rufen Sie uns bitte an."}},
	{"advice.no_time",
	 {"Another time or a longer walk to a stop may help.",
	  "Eine andere Zeit oder ein längerer Weg zur Haltestelle kann helfen."}},
	{"advice.connection",
	 {"Please choose the train or bus before or after it.",
	  "Bitte wählen Sie den Zug oder Bus davor oder danach."}},
	{"advice.paused", {"Please try again later.", "Bitte versuchen Sie es später noch einmal."}},
	{"advice.full",
	 {"Please try again in a few minutes.", "Bitte versuchen Sie es in ein paar Minuten noch einmal."}},
	{"advice.open_request",
	 {"An offer that nobody takes runs out within minutes.",
	  "Ein Angebot, das niemand annimmt, läuft nach wenigen Minuten ab."}},
	{"advice.same_place", {"Please choose another destination.", "Bitte wählen Sie ein anderes Ziel."}},
	{"advice.no_fallback", {"An earlier ride may be possible.", "Eine frühere Fahrt kann möglich sein."}},
	{"advice.trip_unknown", {"Please choose it again from the list.", "Bitte wählen Sie ihn neu aus der Liste."}},
	{"advice.need_unknown", {"Please call us.", "Bitte rufen Sie uns an."}},
	/* why a promise was broken */
	{"cause.none", {"", ""}},
	{"cause.vehicle_fault", {"Your shuttle has a fault.", "Ihr Shuttle hat einen Defekt."}},
	{"cause.vehicle_lost",
	 {"We have lost contact with your shuttle.", "Wir haben keine Verbindung zu Ihrem Shuttle."}},
	{"cause.vehicle_stopped", {"Your shuttle had to stop.", "Ihr Shuttle musste anhalten."}},
	{"cause.slower_streets",
	 {"The streets are slower than expected.", "Auf den Straßen geht es langsamer als erwartet."}},
	{"cause.road_closed", {"A street was closed.", "Eine Straße wurde gesperrt."}},
	{"cause.late_trip", {"A train or bus was late.", "Ein Zug oder Bus war verspätet."}},
	{"cause.trip_cancelled", {"A train or bus was cancelled.", "Ein Zug oder Bus ist ausgefallen."}},
	{"cause.operator", {"The control room had to decide so.", "Die Leitstelle musste so entscheiden."}},
	{"cause.other_rider", {"An incident aboard took priority.", "Ein Vorfall an Bord ging vor."}},
	{"cause.restore", {"Our system had to be restored.", "Unser System musste wiederhergestellt werden."}},
	{"cause.vehicle_late", {"Your shuttle was held up on the way.", "Ihr Shuttle wurde unterwegs aufgehalten."}},
	{"cause.rider_late",
	 {"You came later than the shuttle could wait.", "Sie kamen später, als das Shuttle warten konnte."}},
	/* notices to riders */
	{"notice.promised", {"Your ride is promised.", "Ihre Fahrt ist zugesagt."}},
	{"notice.time_changed",
	 {"Your pickup time has changed within what was promised.",
	  "Ihre Abholzeit hat sich im Rahmen der Zusage geändert."}},
	{"notice.vehicle_changed", {"Another shuttle will come for you.", "Es kommt ein anderes Shuttle für Sie."}},
	{"notice.vehicle_at_stop", {"Your shuttle is here.", "Ihr Shuttle ist da."}},
	{"notice.last_call",
	 {"Last call: your shuttle is about to leave. Say that you are coming if you are near.",
	  "Letzter Aufruf: Ihr Shuttle fährt gleich ab. Sagen Sie Bescheid, wenn Sie in der Nähe sind."}},
	{"notice.no_show",
	 {"The shuttle left without you. Please call us if that is wrong.",
	  "Das Shuttle ist ohne Sie abgefahren. Bitte rufen Sie an, wenn das nicht stimmt."}},
	{"notice.broken",
	 {"We cannot keep our promise. A person is taking care of you.",
	  "Wir können unsere Zusage nicht halten. Ein Mensch kümmert sich um Sie."}},
	{"notice.cancelled", {"Your ride is cancelled.", "Ihre Fahrt ist storniert."}},
	{"notice.connection_at_risk",
	 {"Your connection is at risk. We keep you informed.",
	  "Ihr Anschluss ist gefährdet. Wir halten Sie auf dem Laufenden."}},
	/* why an offer */
	{"reason.soonest", {"soonest", "am schnellsten"}},
	{"reason.least_walk", {"least walking", "am wenigsten zu Fuß"}},
	{"reason.best_connection", {"best connection", "bester Anschluss"}},
	{"reason.later", {"leaves later", "fährt später"}},
	{"reason.earlier", {"more time in hand", "mehr Zeit bis zur Abfahrt oder zum Termin"}},
	{"reason.shortest_ride", {"shortest ride", "kürzeste Fahrt"}},
	/* sides by the compass: left and right depend on where one comes from */
	{"side.north", {"north side of the street", "Nordseite der Straße"}},
	{"side.north_east", {"north-east side of the street", "Nordostseite der Straße"}},
	{"side.east", {"east side of the street", "Ostseite der Straße"}},
	{"side.south_east", {"south-east side of the street", "Südostseite der Straße"}},
	{"side.south", {"south side of the street", "Südseite der Straße"}},
	{"side.south_west", {"south-west side of the street", "Südwestseite der Straße"}},
	{"side.west", {"west side of the street", "Westseite der Straße"}},
	{"side.north_west", {"north-west side of the street", "Nordwestseite der Straße"}},
	/* where a ride stands */
	{"state.asked", {"being checked", "wird geprüft"}},
	{"state.offered", {"offered", "angeboten"}},
	{"state.promised", {"promised", "zugesagt"}},
	{"state.at_stop", {"your shuttle is waiting", "Ihr Shuttle wartet"}},
	{"state.aboard", {"on board", "an Bord"}},
	{"state.done", {"arrived", "angekommen"}},
	{"state.cancelled", {"cancelled", "storniert"}},
	{"state.expired", {"offer expired", "Angebot abgelaufen"}},
	{"state.no_show", {"missed", "verpasst"}},
	{"state.refused", {"not possible", "nicht möglich"}},
	{"state.broken", {"promise broken: a person takes care of it", "Zusage gebrochen: ein Mensch kümmert sich"}},
};

enum language http_words_language(const char *accept_language)
{
	enum language best = LANGUAGE_EN;
	double best_q = 0;
	char copy[256];
	snprintf(copy, sizeof copy, "%s", accept_language ? accept_language : "");
	char *rest = copy;
	for (char *item; (item = strsep(&rest, ","));) {
		item += strspn(item, " \t");
		const char *weight = strstr(item, ";q=");
		double q = weight ? strtod(weight + 3, NULL) : 1;
		int german = strncasecmp(item, "de", 2) == 0, english = strncasecmp(item, "en", 2) == 0;
		if ((german || english) && q > best_q) {
			best = german ? LANGUAGE_DE : LANGUAGE_EN;
			best_q = q;
		}
	}
	return best;
}

const char *http_words_code(enum language language)
{
	return language == LANGUAGE_DE ? "de" : "en";
}

static const char *find(enum language language, const char *group, const char *name)
{
	char key[96];
	snprintf(key, sizeof key, "%s.%s", group, name);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].key, key) == 0)
			return words[i].text[language];
	}
	return NULL;
}

const char *http_words(enum language language, const char *group, const char *name)
{
	const char *text = find(language, group, name);
	return text ? text : name;
}

int http_words_known(const char *group, const char *name)
{
	return find(LANGUAGE_EN, group, name) != NULL;
}
