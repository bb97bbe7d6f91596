"""What a workbook is inside: python3 tests/check_xlsx.py FILE...

Values only; every printed sheet on A4 with its headings repeated and page numbers;
the second sheet tidy; one chart at least. Prints what is wrong and ends with 1.
"""
import re
import sys
import zipfile


def check(path):
    wrong = []
    with zipfile.ZipFile(path) as z:
        names = z.namelist()
        sheets = sorted((n for n in names if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)),
                        key=lambda n: int(re.sub(r"\D", "", n)))
        text = {n: z.read(n).decode() for n in sheets}
        book = z.read("xl/workbook.xml").decode()
    for name, xml in text.items():
        if re.search(r"<f[ >]", xml):
            wrong.append(f"{name}: a formula")
    printed, tidy = sheets[:1] + sheets[2:], text[sheets[1]]
    for name in printed:
        xml = text[name]
        if not re.search(r'<pageSetup [^>]*paperSize="9"', xml):
            wrong.append(f"{name}: not A4")
        if '<pageSetUpPr fitToPage="1"/>' not in xml or 'fitToHeight="0"' not in xml:
            wrong.append(f"{name}: does not fit the width")
        if "&amp;P / &amp;N" not in xml:
            wrong.append(f"{name}: no page numbers")
    for what in ("_xlnm.Print_Titles", "_xlnm.Print_Area"):
        if book.count(what) != len(printed):
            wrong.append(f"{what}: {book.count(what)} of {len(printed)}")
    if not any('orientation="landscape"' in text[n] for n in printed) and len(printed) > 2:
        wrong.append("no wide table lies across")
    if "mergeCell" in tidy or "<drawing" in tidy:
        wrong.append("the tidy sheet has merged cells or objects")
    if not any(re.fullmatch(r"xl/charts/chart\d+\.xml", n) for n in names):
        wrong.append("no chart")
    return [f"{path}: {w}" for w in wrong]


found = [w for path in sys.argv[1:] for w in check(path)]
print("\n".join(found), end="\n" if found else "")
sys.exit(1 if found else 0)
