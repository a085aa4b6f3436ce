"""The report of a line and day as one HTML file, in Portuguese: without a script, and with nothing to fetch."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from statistics import median
from typing import Any

from brt_watch.clock import begin_of_day
from brt_watch.reports.line_day import DIRECTIONS, LineDay, Row, Summary
from brt_watch.reports.plots import Cell, Frame, hour_text, nice_top, speed_table

WEEKDAYS = ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo")
MONTHS = (
    *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
    *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
)
NO_DATA, NO_PLAN = "sem dados", "sem plano"

STYLE = """
:root{color-scheme:light;--ink:#16191d;--soft:#565c64;--rule:#d9d6cd;--a:#0a5a83;--b:#b7791f;--plan:#a9a69d}
body{font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;color:var(--ink);background:#fff;
max-width:820px;margin:0 auto;padding:24px 16px}
h1{font-size:1.7rem;line-height:1.2;margin:0}h2{font-size:1.15rem;margin:2rem 0 .2rem}
h3{font-size:.95rem;margin:1rem 0 0}.warning{border-left:4px solid #b7791f;padding-left:.6rem}
p{margin:.3rem 0}.soft,figcaption,footer{color:var(--soft);font-size:.85rem}
.simulated{background:#ffe9b8;color:#6b4200;border:2px solid #b7791f;padding:.3rem .8rem;font-weight:700;
letter-spacing:.05em;display:inline-block;margin:0 0 .8rem}
dl{display:grid;grid-template-columns:repeat(3,1fr);gap:1px;background:var(--rule);margin:1rem 0;
border:1px solid var(--rule)}
dl div{background:#fff;padding:.6rem .8rem}dt{font-size:.8rem;color:var(--soft)}
dd{margin:0;font-size:1.35rem;font-weight:600}dd small{display:block;font-size:.78rem;font-weight:400;color:var(--soft)}
figure{margin:.4rem 0 1rem;break-inside:avoid}svg{width:100%;height:auto;display:block}
.tick{font-size:11px;fill:#565c64}.end{text-anchor:end}.hour{text-anchor:middle}.grid{stroke:#e6e3da}
.hatch-ground{fill:#f4f2ec}.hatch{stroke:#cfcabd;stroke-width:2}
.ida{fill:var(--a)}.volta{fill:var(--b)}.open{fill:none;stroke:#8d97a1}.range{fill:var(--a);opacity:.3}
.range.volta{fill:var(--b)}.plan{fill:none;stroke:#565c64;stroke-width:1.2}
.level{stroke:#16191d;stroke-width:1.6;stroke-dasharray:4 3}.zero{stroke:#16191d}
table{border-collapse:collapse;font-size:.8rem;width:100%}th,td{padding:.15rem .3rem;text-align:right;font-weight:400}
th[scope=row]{text-align:left}
.speeds{font-size:.72rem}.speeds td{padding:.1rem .15rem}.speeds th[scope=row]{min-width:9rem;line-height:1.25}
thead th{border-bottom:1px solid var(--rule);color:var(--soft)}
thead th:first-child{text-align:left}.scroll{overflow-x:auto}.mid{font-weight:600}
.own{font-weight:700;background:#dcecf4}.own th{font-weight:700}.ranking{max-width:520px}
.few{color:#6c727a;background:#eeece6}.s0{background:#7a1712;color:#fff}.s1{background:#c8553d;color:#fff}
.s2{background:#f0b27a}.s3{background:#f7e7b5}.s4{background:#b8d8d0}.s5{background:#5aa6b5}
footer{border-top:1px solid var(--rule);margin-top:2rem;padding-top:.6rem}
@media(max-width:560px){dl{grid-template-columns:repeat(2,1fr)}}
@media print{body{max-width:none;padding:0;font-size:11pt}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll{overflow:visible}h2{break-after:avoid}table{font-size:7.5pt}th,td{padding:.1rem .15rem}@page{margin:14mm}}
"""


def html(report: LineDay, made_at: datetime, other: LineDay | None = None) -> str:
    """Return the page; with another day also how the two compare."""
    day = report.day
    when = f"{WEEKDAYS[day.weekday()]}, {day.day} de {MONTHS[day.month - 1]} de {day.year}"
    title = f"Linha {report.line}, {when}"
    parts = [
        "<!doctype html><html lang=pt-BR><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>{escape(title)} · brt-watch</title><style>{STYLE}</style>",
        "<p class=simulated>DADOS SIMULADOS</p>" if report.simulated else "",
        f"<h1>{escape(title)}</h1><p>{escape(report.name)}</p>",
        f"<p class=soft>{escape(_coverage(report))}</p>",
    ]
    if report.plan_is_later:
        parts.append(
            f"<p class=warning>O plano é de uma data posterior ({report.plan_since:%d/%m/%Y}): "
            "não há outro, e a comparação com ele vale pouco.</p>"
        )
    if report.has_capture:
        parts += [_figures(report), _sentence(report), _comparison(report, other) if other else ""]
        parts += [_trips(report), _waits(report), _headways(report), _speeds(report), _ranking(report)]
    else:
        parts.append("<h2>Sem dados</h2><p>Nada foi capturado neste dia: não se sabe o que a linha fez.</p>")
    parts.append(_footer(report, made_at))
    return "\n".join(parts)


def _coverage(report: LineDay) -> str:
    if not report.has_capture:
        return "O dia de operação vai das 3h às 3h do dia seguinte."
    share = 100 * report.captured_minutes / (24 * 60)
    return (
        f"Calculado com {_number(report.captured_minutes)} dos 1.440 minutos ({share:.0f} %) do dia de operação, das "
        "3h às 3h do dia seguinte. Hachurado: sem captura, ou sem dados de qualquer linha."
    ).replace(" %", "\u202f%")


def _figures(report: LineDay) -> str:
    parts = []
    for direction in DIRECTIONS:
        found = report.summary(direction)
        stops = report.order.get(direction, [])
        towards = f" (sentido {report.station(stops[-1])})" if stops else ""
        figures = "".join(_figure(*each) for each in _of(found))
        parts.append(f"<h3>{direction.capitalize()}{escape(towards)}</h3><dl>{figures}</dl>")
    return "".join(parts)


def _of(found: Summary) -> list[tuple[str, str, str]]:
    planned = NO_PLAN if found.planned_trips is None else f"de {found.planned_trips:.0f} planejadas"
    unseen = (found.planned_trips or 0.0) - (found.observable_trips or 0.0)
    if unseen >= 0.5:
        planned += f"; {unseen:.0f} planejadas sem captura: não sabemos"
    interval = f"entre {_minutes(found.wait_low_s)} e {_minutes(found.wait_high_s)}" if found.wait_s is not None else ""
    excess = (
        "sem plano para comparar" if found.planned_wait_s is None else f"o plano daria {_minutes(found.planned_wait_s)}"
    )
    unknown = f"{found.unknown_headways} de {found.headways} com buraco de captura" if found.unknown_headways else ""
    return [
        ("Viagens observadas", _number(found.trips), planned),
        ("Parciais", _number(found.partial_trips), "começaram ou terminaram no meio da linha"),
        ("Espera média", _minutes(found.wait_s), interval),
        ("Espera além do plano", _minutes(found.excess_wait_s, NO_PLAN), excess),
        ("Em comboio", _share(found.bunched_2_min), "a até 2 min do ônibus anterior"),
        ("Intervalos medidos", _number(found.headways), unknown),
    ]


def _figure(name: str, value: str, note: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"


def _sentence(report: LineDay) -> str:
    found = report.summary()
    if found.trips is None or not found.observable_trips:
        return ""
    share = "" if found.share is None else f" ({100 * found.share:.0f} %)"
    unseen = f"; de outras {report.unseen_trips:.0f} planejadas não sabemos, por falta de captura"
    text = (
        f"Linha {report.line}: {found.trips} viagens observadas de {found.observable_trips:.0f} planejadas nos minutos "
        f"capturados{share}{unseen if report.unseen_trips >= 0.5 else ''}."
    )
    return f"<p>{escape(text)}</p>".replace(" %", "\u202f%")


def _comparison(report: LineDay, other: LineDay) -> str:
    """Return the figures of both days, both directions together."""
    days, found = (report, other), (report.summary(), other.summary())
    lines = [
        ("Minutos capturados", [_number(each.captured_minutes if each.has_capture else None) for each in days]),
        ("Viagens observadas", [_number(each.trips) for each in found]),
        ("Planejadas nos minutos capturados", [_number(each.observable_trips, NO_PLAN) for each in found]),
        ("Realizado", [_share(each.share, NO_PLAN) for each in found]),
        ("Espera média", [_minutes(each.wait_s) for each in found]),
        ("  no mínimo", [_minutes(each.wait_low_s) for each in found]),
        ("  no máximo", [_minutes(each.wait_high_s) for each in found]),
        ("Espera além do plano", [_minutes(each.excess_wait_s, NO_PLAN) for each in found]),
        ("Em comboio (2 min)", [_share(each.bunched_2_min) for each in found]),
    ]
    head = "".join(f"<th scope=col>{WEEKDAYS[each.day.weekday()]}, {each.day:%d/%m/%Y}" for each in days)
    body = "".join(f"<tr><th scope=row>{escape(name)}<td>{first}<td>{second}" for name, (first, second) in lines)
    note = (
        "Os dois dias foram capturados em partes diferentes: totais não se comparam."
        if other.captured != report.captured
        else "Os dois dias foram capturados por igual."
    )
    return (
        f"<h2>Comparação com outro dia</h2><div class=scroll><table class=ranking><thead><tr><th scope=col>{head}"
        f"</thead><tbody>{body}</tbody></table></div><p class=soft>{note}</p>"
    )


def _ranking(report: LineDay) -> str:
    ranking = report.ranking()
    if not ranking:
        return ""
    rows = [
        f"<tr{' class=own' if line == report.line else ''}><th scope=row>{escape(line)}<td>{observable:.0f}<td>{run}"
        f"<td>{_share(share)}"
        for line, observable, run, share in ranking
    ]
    return (
        "<h2>Todas as linhas no dia</h2><p class=soft>Primeiro as que mais ficaram abaixo do plano; só viagens "
        "planejadas em minutos capturados.</p><table class=ranking><thead><tr><th scope=col>Linha"
        f"<th scope=col>Planejadas<th scope=col>Observadas<th scope=col>Realizado</thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _trips(report: LineDay) -> str:
    parts = ["<h2>Viagens planejadas e observadas</h2>"]
    for direction in DIRECTIONS:
        rows = [row for row in report.service if row["sentido"] == direction]
        top = nice_top(value or 0 for row in rows for value in (row["viagens_previstas"], row["viagens_realizadas"]))
        frame = Frame(top, "viagens por hora", report.captured)
        for row in rows:
            hour, planned, run = row["hora_operacao"], row["viagens_previstas"], row["viagens_realizadas"]
            title = f"{hour_text(hour)}: {_number(run)}; planejadas: {_number(planned, NO_PLAN)}"
            if run is not None:
                frame.bar(hour + 0.2, hour + 0.8, 0, run, direction, title)
            if planned is not None:
                frame.bar(hour + 0.08, hour + 0.92, 0, planned, "plan", title)
        parts.append(_plot(frame, direction, "Viagens por hora", "Cheio: observadas. Contorno: planejadas."))
    return "".join(parts)


def _waits(report: LineDay) -> str:
    parts = ["<h2>Espera por hora</h2>"]
    for direction in DIRECTIONS:
        rows = [row for row in report.hours if row["sentido"] == direction and row["espera_segundos"] is not None]
        planned = any(row["espera_prevista_segundos"] is not None for row in rows)

        def of(row: Row, name: str, planned: bool = planned) -> float | None:
            less = row["espera_prevista_segundos"] if planned else 0.0
            return None if less is None else (row[name] - less) / 60

        lows = [low for row in rows if (low := of(row, "espera_minima_segundos")) is not None]
        highs = [high for row in rows if (high := of(row, "espera_maxima_segundos")) is not None]
        bottom = -nice_top(-low for low in lows) if lows and min(lows) < 0 else 0.0
        frame = Frame(nice_top(highs), "min", report.captured, bottom)
        frame.level(3, 27, 0, "zero")
        for row in rows:
            low, value, high = (
                of(row, name) for name in ("espera_minima_segundos", "espera_segundos", "espera_maxima_segundos")
            )
            if low is None or value is None or high is None:
                continue
            hour = row["hora_operacao"]
            title = f"{hour_text(hour)}: {_comma(value)} min, entre {_comma(low)} e {_comma(high)}"
            frame.bar(hour + 0.3, hour + 0.7, low, high, f"range {direction}", title)
            frame.dot(hour + 0.5, value, direction, title)
        name = "Espera além do plano (EWT)" if planned else "Espera média (sem plano para comparar)"
        parts.append(_plot(frame, direction, name, "Ponto: o valor. Barra: o que a captura deixa em aberto."))
    return "".join(parts)


def _headways(report: LineDay) -> str:
    parts = ["<h2>Intervalos entre ônibus</h2>"]
    begin = begin_of_day(report.day, report.city.zone)
    for direction in DIRECTIONS:
        stops = report.order.get(direction, [])
        station = stops[len(stops) // 2] if stops else ""
        rows = [row for row in report.headways if row["sentido"] == direction and row["estacao_id"] == station]
        minutes = sorted(row["intervalo_segundos"] / 60 for row in rows)
        # The longest are marked at the upper edge, so that the others remain distinguishable.
        frame = Frame(nice_top(minutes[: max(1, round(0.98 * len(minutes)))]), "min", report.captured)
        planned: dict[int, list[float]] = {}
        for row in rows:
            hour = 3 + (row["partida"] - begin) / timedelta(hours=1)
            left = row["partida"].astimezone(report.city.zone)
            text = f"{left:%H:%M}: {_comma(row['intervalo_segundos'] / 60)} min, {row['codigo']}"
            unknown = row["flag_desconhecido"]
            frame.dot(hour, row["intervalo_segundos"] / 60, "open" if unknown else direction, text)
            if row["intervalo_previsto_segundos"] is not None:
                planned.setdefault(row["hora_operacao"], []).append(row["intervalo_previsto_segundos"] / 60)
        for hour, values in planned.items():
            frame.level(hour, hour + 1, median(values), "level")
        note = "Ponto: um ônibus. Vazado: com buraco de captura. Tracejado: o plano. Triângulo: acima da escala."
        parts.append(_plot(frame, direction, f"Intervalos em {report.station(station)}", note))
    return "".join(parts)


def _speeds(report: LineDay) -> str:
    parts = ["<h2>Velocidade por trecho</h2>"]
    for direction in DIRECTIONS:
        rows = [row for row in report.speeds if row["sentido"] == direction]
        if not rows:
            parts.append(f"<h3>{direction.capitalize()}</h3><p>{NO_DATA.capitalize()}.</p>")
            continue
        stretches = sorted({(row["ordem"], row["de_estacao_id"], row["ate_estacao_id"]) for row in rows})
        names = [f"{report.station(begin)} → {report.station(end)}" for _, begin, end in stretches]
        place = {stretch: number for number, stretch in enumerate(stretches)}
        cells = [
            Cell(
                row["hora_operacao"],
                place[row["ordem"], row["de_estacao_id"], row["ate_estacao_id"]],
                row["velocidade_p50_kmh"],
                row["passagens"],
            )
            for row in rows
        ]
        parts.append(f"<h3>{direction.capitalize()}: mediana em km/h, sem o tempo parado nas estações</h3>")
        parts.append(speed_table(names, cells))
    return "".join(parts) + "<p class=soft>Cinza: menos de 3 ônibus, poucos dados. Vazio: nenhum.</p>"


def _plot(frame: Frame, direction: str, name: str, note: str) -> str:
    label = f"{name}, {direction}"
    return f"<figure><h3>{escape(label)}</h3>{frame.svg(label)}<figcaption>{escape(note)}</figcaption></figure>"


def _footer(report: LineDay, made_at: datetime) -> str:
    city = report.city
    plan = f" Plano: versão de {report.plan_since:%d/%m/%Y}, dias úteis." if report.plan_since else ""
    source = "simulador do brt-watch (DADOS SIMULADOS)" if report.simulated else f"{city.source} ({city.address})"
    return (
        f"<footer>Fonte: {escape(source)}. Captura e cálculo: brt-watch {escape(report.version)}, "
        f"em {made_at.astimezone(city.zone):%d/%m/%Y às %H:%M}.{plan} As viagens são reconhecidas pelo movimento dos "
        "ônibus: a API não as nomeia. Espera média: de quem chega a qualquer momento, Σh² / 2Σh.</footer></html>"
    )


def _number(value: Any, unknown: str = NO_DATA) -> str:
    return unknown if value is None else f"{value:,.0f}".replace(",", ".")


def _minutes(seconds: float | None, unknown: str = NO_DATA) -> str:
    return unknown if seconds is None else f"{_comma(seconds / 60)} min"


def _comma(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")


def _share(value: float | None, unknown: str = NO_DATA) -> str:
    return unknown if value is None else f"{100 * value:.0f}\u202f%"
