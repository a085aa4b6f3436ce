{% macro with_margins(raw) -%}
{#- A query: raw forecasts with the seconds that a fifth (p20), half (p50) and four fifths (p80) of the buses will have
    arrived in, by how wrong the forecasts of earlier days were at this distance in time: on the line, in its direction and part
    of the day, or where those were few, on all lines. Margins are fractions of the time plus a minute. Without earlier days,
    wide margins are assumed. -#}
select
    cruas.*
    {%- for parte in ['p20', 'p50', 'p80'] %},
    greatest(0, restante_s + (restante_s + 60) * coalesce(proprias.{{ parte }}, gerais.{{ parte }}, case
        when cruas.tipo = 'no terminal' then {{ var('previsao_margem_no_terminal')[loop.index0] }}
        when cruas.base = 'histórico' then {{ var('previsao_margem')[loop.index0] }}
        else {{ var('previsao_margem_do_plano')[loop.index0] }}
    end)) as {{ parte }}_s
    {%- endfor %}
from (
    select
        {{ raw }}.*,
        {{ horizon_of('restante_s') }} as horizonte_min,
        {{ part_of_day('hora_operacao') }} as parte_dia
    from {{ raw }}
) as cruas
left join (
    select
        dias.dia_operacao,
        max(treinados.dia) as dia
    from (select distinct dia_operacao from {{ raw }}) as dias
    inner join (select distinct dia from {{ ref('previsao_margem') }}) as treinados on dias.dia_operacao >= treinados.dia
    group by dias.dia_operacao
) as treinos on cruas.dia_operacao = treinos.dia_operacao
{%- for margens in ['gerais', 'proprias'] %}
left join {{ ref('previsao_margem') }} as {{ margens }}
    on
        treinos.dia = {{ margens }}.dia
        and cruas.tipo = {{ margens }}.tipo
        and {{ kind_of_base('cruas.base') }} = {{ margens }}.base
        and cruas.horizonte_min = {{ margens }}.horizonte_min
        {%- if loop.first %}
        and {{ margens }}.linha is null
        {%- else %}
        and cruas.linha = {{ margens }}.linha
        and cruas.sentido = {{ margens }}.sentido
        and cruas.parte_dia = {{ margens }}.parte_dia
        {%- endif %}
{%- endfor %}
{%- endmacro %}

{% macro horizon_of(seconds) -%}
{#- The minutes at which the band of a time to the arrival begins: 0, 3, 6, 10, 15. -#}
case
    when {{ seconds }} < 180 then 0
    when {{ seconds }} < 360 then 3
    when {{ seconds }} < 600 then 6
    when {{ seconds }} < 900 then 10
    else 15
end
{%- endmacro %}

{% macro kind_of_base(base) -%}
{#- histórico or plano: the basis of a forecast, on which its margins depend. -#}
case when {{ base }} = 'histórico' then 'histórico' else 'plano' end
{%- endmacro %}

{% macro part_of_day(hour) -%}
{#- The hour at which the part of the day of an hour of service begins: 3, 6, 10, 16, 20. -#}
case
    when {{ hour }} < 6 then 3
    when {{ hour }} < 10 then 6
    when {{ hour }} < 16 then 10
    when {{ hour }} < 20 then 16
    else 20
end
{%- endmacro %}
