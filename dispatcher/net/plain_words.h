/* The words of the pages without script, in English and German. What the service itself says (reasons, states,
 * notices) is http_words.h's. */
#ifndef ZUB_PLAIN_WORDS_H
#define ZUB_PLAIN_WORDS_H

#include "http_words.h"
#include <stddef.h>

#define PLAIN_WORDS(X)                                                                                                 \
	X(TITLE, "Book a ride", "Fahrt buchen")                                                                        \
	X(SKIP, "To the content", "Zum Inhalt")                                                                        \
	X(OTHER_LANGUAGE, "Deutsch", "English")                                                                        \
	X(WITH_MAP, "Page with a map", "Seite mit Karte")                                                              \
	X(FROM, "From", "Von")                                                                                         \
	X(TO, "To", "Nach")                                                                                            \
	X(PLACE_HINT, "Address, stop or place", "Adresse, Haltestelle oder Ort")                                       \
	X(STOPS, "List of all stops", "Liste aller Haltestellen")                                                      \
	X(STOPS_SEARCH, "Name contains", "Name enthält")                                                               \
	X(STOPS_MORE, "There are more stops than shown. Please type a part of the name.",                              \
	  "Es gibt mehr Haltestellen als gezeigt. Bitte einen Teil des Namens eingeben.")                              \
	X(STOPS_NONE, "No stop has this name.", "Keine Haltestelle heißt so.")                                         \
	X(FROM_HERE, "from here", "von hier")                                                                          \
	X(TO_HERE, "to here", "hierher")                                                                               \
	X(STEP_FREE, "step-free", "stufenfrei")                                                                        \
	X(NOT_STEP_FREE, "not step-free", "nicht stufenfrei")                                                          \
	X(WHEN, "When", "Wann")                                                                                        \
	X(NOW, "As soon as possible", "So bald wie möglich")                                                           \
	X(LEAVE_AT, "Leave at", "Abfahrt um")                                                                          \
	X(ARRIVE_BY, "Arrive by", "Ankunft bis")                                                                       \
	X(DATE_TIME, "Day and time (only for “leave at” and “arrive by”)",                                             \
	  "Tag und Uhrzeit (nur bei „Abfahrt um“ und „Ankunft bis“)")                                                  \
	X(ZONE, "All times are local time of %s.", "Alle Zeiten sind Ortszeit von %s.")                                \
	X(WHO, "Who is travelling", "Wer fährt mit")                                                                   \
	X(WALK, "How far can you walk to a stop?", "Wie weit können Sie zur Haltestelle gehen?")                       \
	X(AT_DOOR, "Not at all", "Gar nicht")                                                                          \
	X(SEARCH, "Search", "Suchen")                                                                                  \
	X(ASK, "Show offers", "Angebote zeigen")                                                                       \
	X(CHOOSE, "Please choose the place you mean.", "Bitte wählen Sie den gemeinten Ort.")                          \
	X(NOT_FOUND, "Nothing was found under this name. Please write it differently.",                                \
	  "Unter diesem Namen wurde nichts gefunden. Bitte anders schreiben.")                                         \
	X(MISSING, "Please fill in this field.", "Bitte dieses Feld ausfüllen.")                                       \
	X(TIME_MISSING, "Please give a day and a time, like 2026-05-31T14:30.",                                        \
	  "Bitte Tag und Uhrzeit angeben, etwa 2026-05-31T14:30.")                                                     \
	X(PROBLEM, "That did not work", "Das ging nicht")                                                              \
	X(REFUSED, "This ride is not possible", "Diese Fahrt ist nicht möglich")                                       \
	X(WOULD_WORK, "It would work at %s.", "Möglich wäre es um %s.")                                                \
	X(WOULD_WALK, "It would work with a walk of %d m: from %s to %s.",                                             \
	  "Mit einem Fußweg von %d m wäre es möglich: von %s nach %s.")                                                \
	X(YOUR_DOOR, "your door", "Ihrer Tür")                                                                         \
	X(TAKE_IT, "The form below now asks for that time.", "Das Formular unten fragt jetzt nach dieser Zeit.")       \
	X(INSTEAD, "%s can help: %s", "%s kann helfen: %s")                                                            \
	X(OLD_FORM, "This form was not made by this page or is damaged. Please fill it in again.",                     \
	  "Dieses Formular stammt nicht von dieser Seite oder ist beschädigt. Bitte neu ausfüllen.")                   \
	X(OFFERS, "Your offers", "Ihre Angebote")                                                                      \
	X(OFFERS_UNTIL, "The first offer is reserved for you until %s.",                                               \
	  "Das erste Angebot ist bis %s für Sie reserviert.")                                                          \
	X(CHOOSE_OFFER, "Choose an offer", "Wählen Sie ein Angebot")                                                   \
	X(OFFER, "Offer", "Angebot")                                                                                   \
	X(PICKUP, "Pickup", "Abholung")                                                                                \
	X(PICKUP_BETWEEN, "between %s and %s", "zwischen %s und %s")                                                   \
	X(PICKUP_PLANNED, "planned for %s", "geplant für %s")                                                          \
	X(PICKUP_PLACE, "Where to board", "Einstieg")                                                                  \
	X(ARRIVAL, "Arrival", "Ankunft")                                                                               \
	X(ARRIVAL_LATEST, "at the latest %s", "spätestens %s")                                                         \
	X(DROPOFF_PLACE, "Where to get out", "Ausstieg")                                                               \
	X(WALKING, "On foot", "Zu Fuß")                                                                                \
	X(PRICE, "Price", "Preis")                                                                                     \
	X(FREE, "free of charge", "kostenlos")                                                                         \
	X(REASON, "Why this offer", "Warum dieses Angebot")                                                            \
	X(BOOK, "Book this ride", "Diese Fahrt buchen")                                                                \
	X(DROP, "Take none of these", "Keines davon nehmen")                                                           \
	X(RIDE, "Your ride", "Ihre Fahrt")                                                                             \
	X(STATUS, "Status", "Stand")                                                                                   \
	X(CODE, "Boarding code", "Einstiegscode")                                                                      \
	X(CODE_HINT, "Type it in at the shuttle when you board.", "Geben Sie ihn beim Einsteigen am Shuttle ein.")     \
	X(VEHICLE, "Shuttle", "Shuttle")                                                                               \
	X(NO_CONTACT, "no contact at the moment", "zurzeit keine Verbindung")                                          \
	X(NOTICES, "Messages", "Nachrichten")                                                                          \
	X(READ, "I have read the messages", "Ich habe die Nachrichten gelesen")                                        \
	X(REFRESHES, "This page reloads by itself every %d seconds.", "Diese Seite lädt sich alle %d Sekunden neu.")   \
	X(STILL, "Stop reloading", "Nicht mehr neu laden")                                                             \
	X(RELOAD, "Reload now", "Jetzt neu laden")                                                                     \
	X(KEEP_LINK, "Keep the address of this page: it is your ticket. Nobody else knows it.",                        \
	  "Bewahren Sie die Adresse dieser Seite auf: Sie ist Ihr Fahrschein. Nur Sie kennen sie.")                    \
	X(COMING, "I am coming", "Ich komme")                                                                          \
	X(COMING_DONE, "The shuttle knows that you are coming.", "Das Shuttle weiß, dass Sie kommen.")                 \
	X(BOARD, "I am getting in", "Ich steige ein")                                                                  \
	X(CANCEL, "Cancel the ride", "Fahrt stornieren")                                                               \
	X(CANCEL_SURE, "Really cancel this ride?", "Diese Fahrt wirklich stornieren?")                                 \
	X(CANCEL_WHAT, "Your place goes to others; it cannot be had back.",                                            \
	  "Ihr Platz geht an andere und ist dann weg.")                                                                \
	X(YES_CANCEL, "Yes, cancel", "Ja, stornieren")                                                                 \
	X(KEEP, "No, keep the ride", "Nein, Fahrt behalten")                                                           \
	X(NEW_RIDE, "Book another ride", "Neue Fahrt buchen")                                                          \
	X(HOURS, "The shuttles run from %s to %s.", "Die Shuttles fahren von %s bis %s Uhr.")                          \
	X(FARE, "Flat fare: %s for each person.", "Festpreis: %s je Person.")                                          \
	X(FREE_RIDES, "Rides are free of charge.", "Die Fahrten sind kostenlos.")                                      \
	X(PHONE, "By telephone: %s", "Telefonisch: %s")                                                                \
	X(PAUSED, "New bookings are paused at the moment.", "Neue Buchungen sind zurzeit angehalten.")                 \
	X(HOLDING, "The service cannot take bookings right now.", "Der Dienst kann gerade keine Buchungen annehmen.")  \
	X(GENERATED, "Generated town: not a real place.", "Generierte Stadt: kein wirklicher Ort.")                    \
	X(LIVE_INVENTED, "The live times are simulated, not real.",                                                    \
	  "Die Verspätungen sind simuliert, nicht die wirklichen.")                                                    \
	X(INVENTED, "Invented timetable: not real times.", "Erfundener Fahrplan: keine echten Zeiten.")                \
	X(NOT_SAFETY, "A dispatcher, not a safety function.", "Eine Disposition, keine Sicherheitsfunktion.")          \
	X(DATA, "Map and timetable data", "Karten- und Fahrplandaten")                                                 \
	X(PRIVACY, "Privacy", "Datenschutz")                                                                           \
	X(IMPRINT, "Imprint", "Impressum")                                                                             \
	X(LICENCES, "Licences", "Lizenzen")                                                                            \
	X(LICENCES_PROGRAMS, "Software of others", "Software anderer")                                                 \
	X(BACK, "Back to booking", "Zurück zur Buchung")                                                               \
	X(PRIVACY_EMPTY,                                                                                               \
	  "The operator of this service has not provided a privacy notice yet (setting pages.privacy).",               \
	  "Der Betreiber dieses Dienstes hat noch keine Datenschutzerklärung hinterlegt (Einstellung pages.privacy).") \
	X(IMPRINT_EMPTY, "The operator of this service has not provided an imprint yet (setting pages.imprint).",      \
	  "Der Betreiber dieses Dienstes hat noch kein Impressum hinterlegt (Einstellung pages.imprint).")

enum plain_word {
#define X(name, english, german) PLAIN_##name,
	PLAIN_WORDS(X)
#undef X
		PLAIN_WORD_COUNT
};

const char *plain_word(enum language language, enum plain_word word);
/* Like snprintf with the word as format; its only places are %s and %d, checked by a test. */
void plain_say(char *text, size_t size, enum language language, enum plain_word word, ...);

#endif
