"""The grid that says which pieces of a path may be the nearest to a point."""

from __future__ import annotations

from pathlib import Path

from brt_watch.transform.compiled import compiled, project_vars
from brt_watch.transform.live import LiveEngine

NEAREST = """
with sorteados as materialized (
    select celula, random() * {side} as no_leste_m, random() * {side} as no_norte_m, 2 * pi() * random() as rumo
    from (select distinct celula from public.int_rede__celulas_trechos where quadras < 65535), range(3)
),

pontos as (
    select
        sorteados.*,
        {side} * (celula // 1000000) + no_leste_m as leste_m,
        {side} * (celula % 1000000) + no_norte_m as norte_m,
        4 * cast(floor(4 * no_leste_m / {side}) as integer) + cast(floor(4 * no_norte_m / {side}) as integer) as quadra
    from sorteados
),

pares as (
    select
        pontos.*, linha, sentido, vale_de, delta_leste_m, delta_norte_m,
        trechos.leste_m - pontos.leste_m as para_leste_m,
        trechos.norte_m - pontos.norte_m as para_norte_m,
        (quadras >> quadra) & 1 = 1 as mantido,
        -(para_leste_m * delta_leste_m + para_norte_m * delta_norte_m) / comprimento2_m2 as ao_longo,
        least(1, greatest(0, ao_longo)) as fracao
    from pontos
    inner join public.int_rede__celulas_trechos as trechos using (celula)
)

select
    count(*) as trechos,
    count(*) filter (where not mantido) as fora,
    arg_min(
        mantido,
        sqrt((para_leste_m + fracao * delta_leste_m) ** 2 + (para_norte_m + fracao * delta_norte_m) ** 2)
        + if(sin(rumo) * delta_leste_m + cos(rumo) * delta_norte_m < 0, {against}, 0)
    ) as mais_perto_mantido
from pares
group by celula, leste_m, norte_m, linha, sentido, vale_de
"""


def test_the_nearest_piece_is_kept_in_every_smaller_square(tmp_path: Path) -> None:
    """Of random points and headings in the whole network; and more than a quarter of the pieces are left out."""
    variables = project_vars()
    query = NEAREST.format(side=variables["lado_da_celula_m"], against=variables["mesmo_lugar_m"])
    engine = LiveEngine(compiled(tmp_path))
    engine._run("select setseed(0.5)")
    found = engine.rows(query)
    engine.close()
    assert len(found) > 5_000
    assert all(is_kept for _, _, is_kept in found)
    assert sum(out for _, out, _ in found) > sum(pieces for pieces, _, _ in found) / 4
