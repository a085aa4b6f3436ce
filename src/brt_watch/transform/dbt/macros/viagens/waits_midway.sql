{% macro waits_midway(whole, other) -%}
{#- Whether the bus of an advance waits on its way at a terminal of another line: before or after an advance that runs from terminal to
    terminal on that line at the same time. -#}
(
    {{ whole }}.veiculo_dia = {{ other }}.veiculo_dia
    and {{ other }}.do_terminal
    and {{ other }}.ao_terminal
    and {{ whole }}.linha != {{ other }}.linha
    and (
        (
            {{ other }}.fim - {{ other }}.chegada >= {{ var('virada_parada_s') }}
            and {{ other }}.chegada > {{ whole }}.partida + {{ var('viagem_no_meio_s') }}
            and {{ other }}.fim < {{ whole }}.chegada - {{ var('viagem_no_meio_s') }}
        )
        or (
            {{ other }}.partida - {{ other }}.inicio >= {{ var('virada_parada_s') }}
            and {{ other }}.inicio > {{ whole }}.partida + {{ var('viagem_no_meio_s') }}
            and {{ other }}.partida < {{ whole }}.chegada - {{ var('viagem_no_meio_s') }}
        )
    )
)
{%- endmacro %}
