{% macro overlap_s(first, second) -%}
{#- Seconds that two advances have in common; negative where they lie apart. -#}
(least({{ first }}.chegada, {{ second }}.chegada) - greatest({{ first }}.partida, {{ second }}.partida))
{%- endmacro %}

{% macro exclude_each_other(first, second) -%}
{#- Whether two advances, or an advance and itself, cannot both be trips: they have more than a minute in common, or more than
    half of the shorter one. -#}
(
    {{ overlap_s(first, second) }} > least(
        60, ({{ first }}.chegada - {{ first }}.partida) / 2, ({{ second }}.chegada - {{ second }}.partida) / 2
    )
)
{%- endmacro %}

{% macro turns_back(there, back) -%}
{#- Whether an advance ends on the way and the second one, in the other direction, begins there soon after. -#}
(
    not {{ there }}.ao_terminal
    and not {{ back }}.do_terminal
    and {{ back }}.partida between {{ there }}.chegada - 60 and {{ there }}.chegada + {{ var('volta_espera_s') }}
    and abs({{ back }}.comprimento_m - {{ back }}.de_m - {{ there }}.ate_m) <= {{ var('volta_m') }}
)
{%- endmacro %}

{% macro there_and_back(part, other) -%}
{#- Whether two advances of a vehicle, in both directions of a line, are the two halves of a trip that turns back midway: its label
    turned with it. A late label names the direction of the first half for the last part of it alone. -#}
(
    {{ part }}.veiculo_dia = {{ other }}.veiculo_dia
    and {{ part }}.linha = {{ other }}.linha
    and {{ part }}.sentido != {{ other }}.sentido
    and least({{ part }}.sentido_no_rotulo, {{ other }}.sentido_no_rotulo) >= {{ var('rotulo_posto_fracao') }}
    and ({{ turns_back(part, other) }} or {{ turns_back(other, part) }})
)
{%- endmacro %}

{% macro stops_on_its_way() -%}
{#- Whether the bus of an advance stops as buses do that carry passengers. -#}
(
    parados >= {{ var('viagem_paradas_por_km') }} * (ate_m - de_m) / 1000
    or (parados >= 2 and parados >= {{ var('viagem_paradas_por_sinal') }} * no_caminho)
    or (lentos >= 2 and lentos >= {{ var('viagem_lentos_por_sinal') }} * no_caminho)
)
{%- endmacro %}
