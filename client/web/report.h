/* GET /report: the month's report and the others, as a file or for a page. */
#ifndef MADOGUCHI_CLIENT_WEB_REPORT_H
#define MADOGUCHI_CLIENT_WEB_REPORT_H

#include "client/web/http.h"

/* /report?kind=monthly&service=S&month=2024-04&format=xlsx&language=ja: see client/report.h;
 * `year` for the other kinds; format page, text, csv, json or xlsx.  All but page are for
 * the browser to keep. */
void web_report(struct exchange *x);

#endif
