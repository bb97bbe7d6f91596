# growth.dat as a picture; -e "data='...'; picture='...'".
set terminal svg size 900,700 font 'sans-serif,12' background 'white'
set output picture
set multiplot layout 2,2
set logscale xy
set format x '10^{%L}'
set xlabel 'entries'
set key below
set grid
set style data linespoints
set title 'A log'
set ylabel 'us'
plot data using 1:($2 * 1000) title 'p50, 1 connection', '' using 1:($3 * 1000) title 'p50, 64', \
     '' using 1:4 title 'processor, 1', '' using 1:5 title 'processor, 64'
set title 'A question'
set ylabel 'ms (p50)'
plot data using 1:6 title 'a year by month and service', '' using 1:7 title "a month's fine table", \
     '' using 1:8 title 'the list of a day'
set title 'Operation'
set ylabel 's'
plot data using 1:9 title 'start', '' using 1:10 title 'refold', '' using 1:11 title 'verify', \
     '' using 1:12 title 'first backup', '' using 1:13 title 'backup, 1 % new'
set title 'Disk'
set ylabel 'bytes an entry'
unset logscale y
set yrange [0:*]
plot data using 1:14 title 'journal', '' using 1:15 title 'tables'
unset multiplot
