{% macro recent_gains(positions, known) -%}
{#- The CTEs that find what buses on their way lost in the minutes before a moment, beside the usual times: `perdas`, a row
    a moment and vehicle, with the seconds lost since one to four minutes ago (perda_1 to perda_4); where a bus was not
    known then, those since the minute after. `known` has the positions known at each minute, the earlier ones too. They
    read `horas`, `trechos` and `usuais` of `forecasts`. -#}
{%- set perto = var('previsao_na_estacao_m') -%}
acumulados as (
    select
        dias.dia_operacao,
        dias.hora_operacao,
        trechos.linha,
        trechos.sentido,
        trechos.ordem,
        trechos.de_m,
        trechos.ate_m,
        coalesce(usuais.percurso_s, trechos.plano_s) as percurso_s,
        case when trechos.ordem > 1 then coalesce(usuais.parada_s, 0) else 0 end as parada_s,
        coalesce(sum(
            coalesce(usuais.percurso_s, trechos.plano_s)
            + case when trechos.ordem > 1 then coalesce(usuais.parada_s, 0) else 0 end
        ) over (
            partition by dias.dia_operacao, dias.hora_operacao, trechos.linha, trechos.sentido
            order by trechos.ordem rows between unbounded preceding and 1 preceding
        ), 0) as ate_aqui_s
    from (select distinct dia_operacao, tipo_dia, hora_operacao from horas) as dias
    inner join trechos on dias.dia_operacao between trechos.primeiro_dia and trechos.ultimo_dia
    left join usuais
        on
            dias.dia_operacao = usuais.dia_operacao
            and dias.tipo_dia = usuais.tipo_dia
            and dias.hora_operacao = usuais.hora_operacao
            and trechos.linha = usuais.linha
            and trechos.sentido = usuais.sentido
            and trechos.ordem = usuais.ordem
),

-- Half of a dwell is over at the station, all of it beyond, as in a forecast.
percorridos as (
    select
        posicoes.momento,
        posicoes.id_veiculo,
        posicoes.linha,
        posicoes.sentido,
        acumulados.hora_operacao,
        posicoes.segundo,
        acumulados.ate_aqui_s
        + case when posicoes.metros > acumulados.de_m + {{ perto }} then acumulados.parada_s else acumulados.parada_s / 2 end
        + acumulados.percurso_s * greatest(0, posicoes.metros - acumulados.de_m)
        / nullif(acumulados.ate_m - acumulados.de_m, 0) as usual_s
    from {{ known }} as posicoes
    inner join acumulados
        on
            posicoes.dia_operacao = acumulados.dia_operacao
            -- At the turn of an hour, by the usual times of both.
            and acumulados.hora_operacao
            in ({{ hour_of_service('posicoes.momento') }}, {{ hour_of_service('(posicoes.momento + 240)') }})
            and posicoes.linha = acumulados.linha
            and posicoes.sentido = acumulados.sentido
            and posicoes.metros >= acumulados.de_m - {{ perto }}
            and posicoes.metros < acumulados.ate_m - {{ perto }}
    -- A wait at the terminal is no loss.
    where posicoes.metros > {{ var('previsao_no_terminal_m') }}
),

atrasos as (
    select
        agora.momento,
        agora.id_veiculo,
        antes.minutos,
        least(greatest(
            agora.segundo - antes.segundo - (agora.usual_s - antes.usual_s), -{{ var('previsao_perda_segundos') }}
        ), {{ var('previsao_perda_segundos') }}) as perda_s
    from percorridos as agora
    inner join (select distinct momento, id_veiculo from {{ positions }}) as pedidas
        on
            agora.momento = pedidas.momento
            and agora.id_veiculo = pedidas.id_veiculo
            and agora.hora_operacao = {{ hour_of_service('pedidas.momento') }}
    inner join (
        select
            percorridos.*,
            minutos.n as minutos,
            percorridos.momento + 60 * minutos.n as depois
        from percorridos
        {{ cross_join_numbers(1, 4, 'minutos') }}
    ) as antes
        on
            agora.momento = antes.depois
            and agora.id_veiculo = antes.id_veiculo
            and agora.linha = antes.linha
            and agora.sentido = antes.sentido
            and agora.hora_operacao = antes.hora_operacao
),

perdas as (
    select
        momento,
        id_veiculo,
        {%- for minutos in range(1, 5) %}
        coalesce(
            {%- for esta in range(minutos, 0, -1) %}
            max(case when minutos = {{ esta }} then perda_s end),
            {%- endfor %}
            0
        ) as perda_{{ minutos }}{{ "," if not loop.last }}
        {%- endfor %}
    from atrasos
    group by momento, id_veiculo
)
{%- endmacro %}

{% macro left_out_s(seconds) -%}
{#- The part of the losses of the last minutes that a forecast leaves out, given its length in seconds. The result is a
    weighted mean of the current forecast and those of the last four minutes, in which older ones weigh less. -#}
{%- set longe = 'least(1, (' ~ seconds ~ ') / ' ~ var('previsao_longe_segundos') ~ '.0)' -%}
{%- set velho = '(' ~ (1 - var('previsao_peso_perto')) ~ ' + ' ~ (var('previsao_peso_perto') - var('previsao_peso_longe')) ~ ' * ' ~ longe ~ ')' -%}
coalesce({{ velho }} * (
    (1 - {{ velho }}) * perda_1
    + {{ velho }} * ((1 - {{ velho }}) * perda_2 + {{ velho }} * ((1 - {{ velho }}) * perda_3 + {{ velho }} * perda_4))
), 0)
{%- endmacro %}
