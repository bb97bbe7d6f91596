# growth.csv as Markdown, a column for each size; -v machine=FILE: lines about
# the machine. With -v wide=1: a line for each size, for gnuplot.
function figure(x) {
    return x >= 100 ? thousands(x) : x >= 10 ? sprintf("%.1f", x) : x >= 0.1 ? sprintf("%.2f", x) : sprintf("%.4f", x)
}
function thousands(x, s, r) {
    s = sprintf("%.0f", x)
    for (r = ""; length(s) > 3; s = substr(s, 1, length(s) - 3)) r = "," substr(s, length(s) - 2) r
    return s r
}
function at(section, size, where, metric) {
    return (section, size, where, metric) in mid ? mid[section, size, where, metric] : ""
}
function line(title, section, where, metric, i, text, x) {
    text = "| " title " |"
    for (i = 1; i <= n; i++) {
        x = at(section, size[i], where, metric)
        text = text " " (x == "" ? "-" : figure(x)) " |"
    }
    print text
}
# Entries a second, of what takes a time.
function speed(title, where, i, text, x) {
    text = "| " title " |"
    for (i = 1; i <= n; i++) {
        x = at("time", size[i], where, "time")
        text = text " " (x == "" ? "-" : thousands(size[i] / x)) " |"
    }
    print text
}
function or_none(x) { return x == "" ? "?" : x }
NR == 1 { next }
{
    if (!($2 in known)) { known[$2] = 1; size[++n] = $2 }
    mid[$1, $2, $3, $5] = $6
}
END {
    if (wide) {
        for (i = 1; i <= n; i++)
            print size[i], or_none(at("log", size[i], 1, "p50")), or_none(at("log", size[i], 64, "p50")),
                  or_none(at("log", size[i], 1, "server")), or_none(at("log", size[i], 64, "server")),
                  or_none(at("read", size[i], "year", "p50")), or_none(at("read", size[i], "month", "p50")),
                  or_none(at("read", size[i], "day", "p50")), or_none(at("time", size[i], "start", "time")),
                  or_none(at("time", size[i], "refold", "time")), or_none(at("time", size[i], "verify", "time")),
                  or_none(at("time", size[i], "backup", "time")), or_none(at("time", size[i], "backup-again", "time")),
                  or_none(at("size", size[i], "-", "journal")), or_none(at("size", size[i], "-", "tables"))
        exit
    }
    print "# How the costs grow with the entries\n"
    while ((getline text < machine) > 0) print "- " text
    print "\nMedians; growth.csv has the least and the most. Entries are dated over twelve months.\n"
    text = "| entries |"
    rule = "|---|"
    for (i = 1; i <= n; i++) { text = text " " thousands(size[i]) " |"; rule = rule "---:|" }
    print text "\n" rule
    line("logs a second, 1 connection", "log", 1, "rate")
    line("p50, ms", "log", 1, "p50")
    line("p99, ms", "log", 1, "p99")
    line("processor a log, us", "log", 1, "server")
    line("logs a second, 64 connections", "log", 64, "rate")
    line("p50, ms", "log", 64, "p50")
    line("p99, ms", "log", 64, "p99")
    line("processor a log, us", "log", 64, "server")
    line("bytes on disk a log", "log", 64, "disk")
    line("a year by month and service: p50, ms", "read", "year", "p50")
    line("p99, ms", "read", "year", "p99")
    line("a month's fine table: p50, ms", "read", "month", "p50")
    line("p99, ms", "read", "month", "p99")
    line("its rows", "read", "month", "rows")
    line("the list of a day: p50, ms", "read", "day", "p50")
    line("its cases", "read", "day", "rows")
    line("start after a clean stop, s", "time", "start", "time")
    line("refold, s", "time", "refold", "time")
    speed("entries a second", "refold")
    line("verify, s", "time", "verify", "time")
    speed("entries a second", "verify")
    line("first backup, s", "time", "backup", "time")
    line("backup when 1 % is new, s", "time", "backup-again", "time")
    line("journal, bytes an entry", "size", "-", "journal")
    line("tables, bytes an entry", "size", "-", "tables")
    line("anonymous memory of the daemon, MiB", "memory", "-", "anonymous")
}
