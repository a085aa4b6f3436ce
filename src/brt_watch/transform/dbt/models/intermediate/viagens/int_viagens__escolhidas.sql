-- One row is a trip found by movement alone: of the advances on all lines at the same time, the one that explains most.
--
-- An advance explains its seconds, weighted by how far the label agrees and by whether it runs from terminal to
-- terminal. Part of a line counts as a trip only where the label agrees and the bus keeps to the path and stops on it: a bus
-- that drives to a garage keeps the label, touches the path here and there and does not stop.

with {{ measured_advances(ref('int_viagens__nas_linhas'), ref('int_viagens__possiveis')) }},

possiveis as (
    select
        medidos.*,
        {{ stops_on_its_way() }} as para,
        (chegada - partida) * (
            {{ var('viagem_peso_movimento') }}
            + {{ var('viagem_peso_linha') }} * rotulo
            + {{ var('viagem_peso_sentido') }} * sentido_no_rotulo
            + case when do_terminal and ao_terminal then {{ var('viagem_peso_completa') }} else 0 end
        ) as valor
    from medidos
    where
        chegada > partida
        and fracao_no_caminho >= {{ var('viagem_no_caminho') }}
        and (
            (do_terminal and ao_terminal)
            or (
                (rotulo >= 0.5 or sentido_no_rotulo >= {{ var('rotulo_posto_fracao') }})
                and (
                    ate_m - de_m >= {{ var('viagem_parcial_minimo_m') }}
                    -- On its way at the beginning or the end of what was captured: the rest is not known yet. Or it may turn back.
                    or visto_antes is null
                    or visto_depois is null
                    or do_terminal
                    or ao_terminal
                )
            )
        )
),

com_volta as (
    select
        parciais.*,
        exists (select 1 from possiveis as opostas where {{ there_and_back('parciais', 'opostas') }}) as volta
    from possiveis as parciais
),

-- A bus that waits for long at a terminal of another line has ended a trip there, unless its label says that it goes on. A short part,
-- and one on which the bus was not seen to stop, is a trip only where the bus turns round and its label with it, or where the capture
-- cuts it: buses change their place near terminals.
avaliados as (
    select *
    from com_volta as candidatos
    where
        (
            do_terminal
            and ao_terminal
            and (
                rotulo >= 0.5
                or not exists (select 1 from possiveis as outros where {{ waits_midway('candidatos', 'outros') }})
            )
        )
        or volta
        or (
            para
            and rotulo >= 0.5
            and (
                visto_antes is null
                or visto_depois is null
                or ate_m - de_m >= {{ var('viagem_parcial_minimo_m') }}
            )
        )
),

{% set rodadas = 3 %}
-- What loses to an advance that itself loses to a third one may still be a trip: the choice is made in rounds.
{%- for rodada in range(1, rodadas + 1) %}
{%- if not loop.first %}
candidatos_{{ rodada }} as (
    select candidatos.*
    from {{ 'avaliados' if rodada == 2 else 'candidatos_' ~ (rodada - 1) }} as candidatos
    where
        not exists (
            select 1
            from escolhidos_{{ rodada - 1 }} as escolhidos
            where escolhidos.veiculo_dia = candidatos.veiculo_dia and {{ exclude_each_other('escolhidos', 'candidatos') }}
        )
),
{%- endif %}
{%- set restantes = 'avaliados' if loop.first else 'candidatos_' ~ rodada %}

escolhidos_{{ rodada }} as (
    select *
    from {{ restantes }} as candidatos
    where
        not exists (
            select 1
            from {{ restantes }} as rivais
            where
                rivais.veiculo_dia = candidatos.veiculo_dia
                and {{ exclude_each_other('rivais', 'candidatos') }}
                and (
                    rivais.valor > candidatos.valor
                    or (
                        rivais.valor = candidatos.valor
                        and (
                            rivais.ate_m - rivais.de_m > candidatos.ate_m - candidatos.de_m
                            or (
                                rivais.ate_m - rivais.de_m = candidatos.ate_m - candidatos.de_m
                                and rivais.linha || rivais.sentido < candidatos.linha || candidatos.sentido
                            )
                        )
                    )
                )
        )
),
{% endfor %}
escolhidos as (
    {%- for rodada in range(1, rodadas + 1) %}
    select *
    from escolhidos_{{ rodada }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Where several lines share the road and the label names none of them, the other one is kept with the choice.
duvidas as (
    select
        escolhidos.veiculo_dia,
        escolhidos.inicio,
        min(rivais.linha) as outra_linha
    from escolhidos
    inner join avaliados as rivais
        on
            escolhidos.veiculo_dia = rivais.veiculo_dia
            and escolhidos.linha != rivais.linha
            and rivais.valor >= 0.95 * escolhidos.valor
            and {{ overlap_s('escolhidos', 'rivais') }} >= 0.9 * (escolhidos.chegada - escolhidos.partida)
    group by escolhidos.veiculo_dia, escolhidos.inicio
),

final as (
    select
        escolhidos.*,
        duvidas.outra_linha
    from escolhidos
    left join duvidas on escolhidos.veiculo_dia = duvidas.veiculo_dia and escolhidos.inicio = duvidas.inicio
)

select * from final
