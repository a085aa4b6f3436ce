-- One row is two successive passages at a station: of a line in one direction, or of all lines that go the same way there.
--
-- Service days in which a vehicle has changed are rebuilt whole.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['dia_operacao', 'linha', 'sentido', 'estacao_id']}, {'columns': ['derived_by']}]),
    pre_hook=["{{ plan_for_many_rows() }}", "{{ delete_changed_service_days() }}"]
) }}

-- Computed once: Postgres expects one passage, and would look the stations up again for each of the day's.
with rumos as {{ materialized() }} (
    select
        estacoes.linha,
        estacoes.sentido,
        estacoes.primeiro_dia,
        estacoes.ultimo_dia,
        estacoes.ordem,
        {{ east_m('seguintes.longitude - aqui.longitude') }} as leste_m,
        {{ north_m('seguintes.latitude - aqui.latitude') }} as norte_m
    from {{ ref('int_rede__estacoes') }} as estacoes
    inner join {{ ref('int_rede__estacoes') }} as proximas
        on
            estacoes.linha = proximas.linha
            and estacoes.sentido = proximas.sentido
            and estacoes.primeiro_dia = proximas.primeiro_dia
            and estacoes.ordem = proximas.ordem - 1
    inner join {{ ref('estacoes') }} as aqui on estacoes.estacao_id = aqui.estacao_id
    inner join {{ ref('estacoes') }} as seguintes on proximas.estacao_id = seguintes.estacao_id
),

-- Nobody boards at the last station of a line.
embarques as (
    select
        passagens.dia_da_passagem as dia_operacao,
        passagens.linha,
        passagens.sentido,
        passagens.estacao_id,
        passagens.id_viagem,
        passagens.id_veiculo,
        passagens.partida,
        passagens.incerteza_partida_segundos,
        case
            when abs(rumos.leste_m) >= abs(rumos.norte_m) and rumos.leste_m >= 0 then 'leste'
            when abs(rumos.leste_m) >= abs(rumos.norte_m) then 'oeste'
            when rumos.norte_m >= 0 then 'norte'
            else 'sul'
        end as rumo
    from {{ passages_of_changed_days() }} as passagens
    inner join rumos
        on
            passagens.linha = rumos.linha
            and passagens.sentido = rumos.sentido
            and passagens.ordem = rumos.ordem
            and passagens.dia_operacao between rumos.primeiro_dia and rumos.ultimo_dia
),

pares as (
    {%- for escopo, chave in [('linha', 'linha, sentido'), ('todas', 'rumo')] %}
    select
        '{{ escopo }}' as escopo,
        dia_operacao,
        {{ 'linha' if escopo == 'linha' else "cast(null as text)" }} as linha,
        {{ 'sentido' if escopo == 'linha' else 'rumo' }} as sentido,
        estacao_id,
        id_viagem,
        id_veiculo,
        partida,
        incerteza_partida_segundos,
        lag(id_viagem) over {{ escopo }} as id_viagem_anterior,
        lag(partida) over {{ escopo }} as partida_anterior,
        lag(incerteza_partida_segundos) over {{ escopo }} as incerteza_anterior_segundos
    from embarques
    window {{ escopo }} as (partition by dia_operacao, estacao_id, {{ chave }} order by partida, id_viagem)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

medidos as (
    select
        pares.*,
        {{ seconds_between('partida_anterior', 'partida') }} as intervalo_s,
        greatest(0, {{ seconds_between(service_day_start('dia_operacao'), 'partida') }}) + 3 * 3600 as segundo_do_dia
    from pares
    where partida_anterior is not null
),

buracos as (
    select
        medidos.id_viagem,
        medidos.escopo,
        medidos.estacao_id,
        medidos.partida,
        max(case when buracos.recuperado then 0 else 1 end) = 1 as flag_desconhecido,
        max(case when buracos.recuperado then 1 else 0 end) = 1 as flag_recuperado
    from medidos
    inner join {{ ref('int_captura__buracos') }} as buracos
        on
            medidos.dia_operacao = buracos.dia_operacao
            and buracos.de < medidos.partida
            and buracos.ate > medidos.partida_anterior
    group by medidos.id_viagem, medidos.escopo, medidos.estacao_id, medidos.partida
),

final as (
    select
        medidos.escopo,
        medidos.dia_operacao,
        medidos.linha,
        medidos.sentido,
        medidos.estacao_id,
        medidos.id_viagem,
        medidos.id_veiculo,
        medidos.id_viagem_anterior,
        medidos.partida,
        cast(floor(medidos.segundo_do_dia / 3600) as integer) as hora_operacao,
        {{ rounded('medidos.intervalo_s', 1) }} as intervalo_segundos,
        {{ rounded('sqrt(power(incerteza_partida_segundos, 2) + power(incerteza_anterior_segundos, 2))', 1) }}
        as incerteza_segundos,
        cast(plano.intervalo_s as integer) as intervalo_previsto_segundos,
        {{ rounded('medidos.intervalo_s / 2', 1) }} as espera_media_segundos,
        medidos.intervalo_s <= {{ var('comboio_segundos') }} as flag_comboio_segundos,
        {{ is_bunched('medidos.intervalo_s', 'plano.intervalo_s') }} as flag_comboio_fracao,
        medidos.intervalo_s < {{ var('comboio_fracao_larga') }} * plano.intervalo_s as flag_comboio_fracao_larga,
        {{ is_gap('medidos.intervalo_s', 'plano.intervalo_s') }} as flag_lacuna,
        coalesce(buracos.flag_desconhecido, false) as flag_desconhecido,
        coalesce(buracos.flag_recuperado, false) as flag_recuperado,
        {{ derived_by() }} as derived_by
    from medidos
    left join {{ ref('int_rede__plano') }} as plano
        on
            medidos.linha = plano.linha
            and {{ is_planned_at('plano', 'medidos.dia_operacao', 'medidos.segundo_do_dia') }}
    left join buracos
        on
            medidos.id_viagem = buracos.id_viagem and medidos.escopo = buracos.escopo
            and medidos.estacao_id = buracos.estacao_id and medidos.partida = buracos.partida
)

select * from final
