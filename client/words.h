/* Messages in the reader's language: English in the source, Japanese in the
 * gettext catalogue (po/ja.po). */
#ifndef MADOGUCHI_CLIENT_WORDS_H
#define MADOGUCHI_CLIENT_WORDS_H

#include <libintl.h>
#include <stdbool.h>

#define _(text)  gettext(text)
#define N_(text) text

/* The two sentences error_set() takes: as written here, and translated. */
#define SAY(text) text, gettext(text)

/* Finds the language (LC_ALL, LC_MESSAGES, LANG; LANGUAGE is honoured where
 * one of them names a language) and opens the catalogue: MADOGUCHI_LOCALEDIR,
 * else locale/ beside the program, else the installed one.  Works also where
 * the system has no Japanese locale. */
void words_open(void);

/* Whether we speak Japanese. */
bool words_japanese(void);

/* Speaks Japanese or English from now on, whatever words_open() found; what it
 * was before.  Of the whole process: no other thread may look words up. */
bool words_speak(bool in_japanese);

#endif
