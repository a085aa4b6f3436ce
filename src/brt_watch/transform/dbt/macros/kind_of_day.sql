{% macro kind_of_day(day) -%}
{#- útil, sábado or domingo; a holiday counts as a Sunday. -#}
case
    {%- if var('feriados') %}
    when extract(month from {{ day }}) * 100 + extract(day from {{ day }}) in ({{ var('feriados') | join(', ') }}) then 'domingo'
    {%- endif %}
    {%- if var('feriados_da_pascoa') %}
    when
        extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }})
        in ({{ holidays_by_easter() }})
        then 'domingo'
    {%- endif %}
    when extract(dow from {{ day }}) = 0 then 'domingo'
    when extract(dow from {{ day }}) = 6 then 'sábado'
    else 'útil'
end
{%- endmacro %}

{% macro holidays_by_easter() -%}
{#- The holidays that follow Easter, each as the number YYYYMMDD (Easter by Butcher's algorithm). -#}
{%- set found = [] -%}
{%- for year in range(2021, 2036) -%}
    {%- set golden, century, rest = year % 19, year // 100, year % 100 -%}
    {%- set epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30 -%}
    {%- set sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7 -%}
    {%- set march = epact + sunday - 7 * ((golden + 11 * epact + 22 * sunday) // 451) + 22 -%}
    {%- set easter = modules.datetime.date(year, 3, 1) + modules.datetime.timedelta(days=march - 1) -%}
    {%- for days in var('feriados_da_pascoa') -%}
        {%- do found.append((easter + modules.datetime.timedelta(days=days)).strftime('%Y%m%d')) -%}
    {%- endfor -%}
{%- endfor -%}
{{ found | join(', ') }}
{%- endmacro %}

{% macro is_planned_on(plan, day) -%}
{#- Whether a row of int_rede__plano holds on a service day: the version of its line is valid, and it is for that kind of day.
    A day of a kind without rows has no plan, and nothing is compared with the plan of another kind. -#}
{{ day }} between {{ plan }}.primeiro_dia and {{ plan }}.ultimo_dia and {{ kind_of_day(day) }} = {{ plan }}.tipo_dia
{%- endmacro %}

{% macro is_planned_at(plan, day, second) -%}
{#- The same for a second of the day, counted from its midnight. -#}
{{ is_planned_on(plan, day) }} and {{ second }} >= {{ plan }}.de_s and {{ second }} < {{ plan }}.ate_s
{%- endmacro %}

{% macro percentile(share, value) -%}
{#- The quantile of the rows at this share, interpolated. -#}
percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}
