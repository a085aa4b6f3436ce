-- One row is a signal that lies within `trajeto_longe_m` of the way of its line: where it is on it, in each direction.
--
-- The nearest piece of the way is looked for among those of the grid's square. Offset and metres are kept in one number
-- until then, the offset before the metres, so that the least of them is the nearest place.
{% set mil_quilometros_em_dm = 10000000 %}

with sinais as (
    select
        load_id,
        codigo,
        datahora,
        servico,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m
    from {{ ref('stg_brt__sinais') }}
    where servico is not null and not flag_fora_da_area
),

pes as (
    select
        sinais.load_id,
        sinais.codigo,
        sinais.datahora,
        sinais.leste_m as sinal_leste_m,
        sinais.norte_m as sinal_norte_m,
        trechos.sentido,
        trechos.inicio_m,
        trechos.comprimento_m,
        trechos.leste_m,
        trechos.norte_m,
        trechos.delta_leste_m,
        trechos.delta_norte_m,
        {{ share_of_piece('sinais.leste_m', 'sinais.norte_m', 'trechos') }} as fracao
    from sinais
    inner join {{ ref('int_rede__celulas_trechos') }} as trechos
        on
            sinais.servico = trechos.linha
            and {{ cell('sinais.leste_m', 'sinais.norte_m') }} = trechos.celula
),

lugares as (
    select
        load_id,
        codigo,
        datahora,
        sentido,
        cast(round(10 * {{ metres_from_piece('sinal_leste_m', 'sinal_norte_m', 'pes', 'fracao') }}) as bigint)
        * {{ mil_quilometros_em_dm }}
        + cast(round(10 * (inicio_m + fracao * comprimento_m)) as bigint) as lugar
    from pes
),

mais_perto as (
    select
        load_id,
        codigo,
        datahora,
        min(case when sentido = 'ida' then lugar end) as ida,
        min(case when sentido = 'volta' then lugar end) as volta
    from lugares
    group by load_id, codigo, datahora
),

final as (
    select
        load_id,
        codigo,
        datahora,
        cast(floor(ida / {{ mil_quilometros_em_dm }}) / 10 as double precision) as desvio_ida_m,
        cast((ida % {{ mil_quilometros_em_dm }}) / 10.0 as double precision) as distancia_ida_m,
        cast(floor(volta / {{ mil_quilometros_em_dm }}) / 10 as double precision) as desvio_volta_m,
        cast((volta % {{ mil_quilometros_em_dm }}) / 10.0 as double precision) as distancia_volta_m
    from mais_perto
)

select * from final
